//! Eight additions of points of y^2 = x^3 - 3 x + b at once, by the formulas of the portable form.
//!
//! Nothing looks for equal or opposite points. Where they are met, P is zero, and with it ZZ; and once zero, ZZ is zero
//! in everything that is added up of it. So whoever finds ZZ zero in the end has to start again elsewhere, and whoever
//! does not has the right sum.

#![allow(clippy::inline_always)] // a call would pass vectors through memory
#![allow(clippy::many_single_char_names)] // the formulas'

use super::field::{Digits, Field, Loose, Strict};
use crate::crypto::lanes::{Machine, Part};

/// Bounds in sixteenths of p, of what a sum keeps (that of x is the prime's own) and of what is worked out on the way.
/// A product of residues below a p and b p is below (a b / 16 + 1) p for P-256, and nearer to p for the other primes.
mod bound {
    /// Of what is read from a table.
    pub(super) const READ: u64 = 16;
    pub(super) const Y: u64 = 40;
    pub(super) const ZZ: u64 = 32;
    /// Of a product of which one factor is below 2 p and the other below 2.5 p: 2 * 2.5 / 16 + 1.
    pub(super) const ONCE: u64 = 21;
    /// Of P^2, for P below ONCE + 6 p and, for P-256, below ONCE + 2 p: 3.32 * 3.32 / 16 + 1.
    pub(super) const PP: u64 = 28;
    /// Of P^3: 3.32 * 1.75 / 16 + 1.
    pub(super) const PPP: u64 = 22;
    /// Of Q = X P^2: 1.32 * 1.75 / 16 + 1.
    pub(super) const Q: u64 = 19;
}

/// Eight sums of points: x = X / ZZ and y = Y / ZZZ with ZZ^3 = ZZZ^2.
#[derive(Clone, Copy)]
pub(super) struct Sum<M: Machine, const D: usize> {
    pub(super) x: Strict<M, D>,
    pub(super) y: Strict<M, D>,
    pub(super) zz: Strict<M, D>,
    pub(super) zzz: Strict<M, D>,
}

/// Eight points as a table has them, and those whose opposites are meant.
#[derive(Clone, Copy)]
pub(super) struct Affine<M: Machine, const D: usize> {
    pub(super) x: Strict<M, D>,
    pub(super) y: Strict<M, D>,
    pub(super) minus: u8,
}

impl<M: Machine, P: Digits<D>, const D: usize> Field<M, P, D> {
    /// The sum of eight points and eight others: "mmadd-2008-s".
    #[inline(always)]
    pub(super) fn add_affine(self, first: &Affine<M, D>, second: &Affine<M, D>) -> Sum<M, D> {
        let one = self.primes(1);
        let opposite = self.carry(self.subtract(one, &first.y.0), bound::READ + 1);
        let y = self.select(first.minus, &opposite, &first.y);
        let p = self.carry(self.subtract(self.add(one, &second.x.0), &first.x.0), 32);
        let r = self.subtract(self.primes(2), &y.0);
        let r = self.add(self.negate_where(second.minus, Loose(second.y.0)), &r.0);
        let r = self.carry(r, 64);
        let pp = self.carry(self.square(&p), bound::PP);
        let ppp = self.carry(self.product(&p, &pp), bound::PPP);
        let q = self.carry(self.product(&first.x, &pp), bound::Q);
        let [x, y] = self.finish(&y, &r, &ppp, &q);
        Sum { x, y, zz: pp, zzz: ppp }
    }

    /// Adds eight points: "madd-2008-s".
    #[inline(always)]
    pub(super) fn add_point(self, sum: &Sum<M, D>, point: &Affine<M, D>) -> Sum<M, D> {
        let u = self.product(&point.x, &sum.zz);
        let s = self.negate_where(point.minus, self.product(&point.y, &sum.zzz));
        let p = self.subtract(self.add(u, &self.primes(P::ABOVE_X).0), &sum.x.0);
        let p = self.carry(p, bound::ONCE + 16 * P::ABOVE_X);
        let r = self.subtract(self.add(s, &self.primes(4).0), &sum.y.0);
        let r = self.carry(r, bound::ONCE + 64);
        let pp = self.carry(self.square(&p), bound::PP);
        let ppp = self.carry(self.product(&p, &pp), bound::PPP);
        let q = self.carry(self.product(&sum.x, &pp), bound::Q);
        let zz = self.carry(self.product(&sum.zz, &pp), bound::ZZ);
        let zzz = self.carry(self.product(&sum.zzz, &ppp), bound::ZZ);
        let [x, y] = self.finish(&sum.y, &r, &ppp, &q);
        Sum { x, y, zz, zzz }
    }

    /// X and Y of the sum, from the Y of the first summand and with Q = X P^2.
    ///
    /// P^3 + 2 Q is below 4 p. For P-256 R is below 5.32 p, Q - X + 2 p below 3.19 p, 3 p - Y below 3.1 p: so what
    /// becomes X is below 6.8 p, and Y below ((5.32 * 3.19 + 3.1 * 1.4) / 16 + 1) p < 2.5 p.
    #[inline(always)]
    fn finish(
        self,
        y: &Strict<M, D>,
        r: &Strict<M, D>,
        ppp: &Strict<M, D>,
        q: &Strict<M, D>,
    ) -> [Strict<M, D>; 2] {
        let x = self.x_of(r, ppp, q);
        let fall = self.subtract(self.add(self.primes(P::ABOVE_X), &q.0), &x.0);
        let fall = self.carry(fall, bound::Q + 16 * P::ABOVE_X);
        let minus_y = self.carry(self.subtract(self.primes(3), &y.0), 48 + 1);
        let y = self.carry(self.sum_of_products([r, &fall], [&minus_y, ppp]), bound::Y);
        [x, y]
    }

    /// X of the sum.
    #[inline(always)]
    fn x_of(self, r: &Strict<M, D>, ppp: &Strict<M, D>, q: &Strict<M, D>) -> Strict<M, D> {
        let above = self.add(self.square(r), &self.primes(4).0);
        let x = self.subtract(self.subtract(self.subtract(above, &ppp.0), &q.0), &q.0);
        self.carry(self.fold(x), P::BOUND_OF_X)
    }

    /// The sum of eight sums and eight others; of the last one, only X and ZZ.
    #[inline(always)]
    pub(super) fn add_sums(self, first: &Sum<M, D>, second: &Sum<M, D>, last: bool) -> Sum<M, D> {
        self.m.apart(AddSums { field: self, first, second, last })
    }
}

struct AddSums<'a, M: Machine, P, const D: usize> {
    field: Field<M, P, D>,
    first: &'a Sum<M, D>,
    second: &'a Sum<M, D>,
    last: bool,
}

impl<M: Machine, P: Digits<D>, const D: usize> Part<M> for AddSums<'_, M, P, D> {
    type Output = Sum<M, D>;

    /// "add-2008-s".
    #[inline(always)]
    fn run(self, _: M) -> Sum<M, D> {
        let Self { field, first, second, last } = self;
        let u = field.carry(field.product(&first.x, &second.zz), bound::ONCE);
        let s = field.carry(field.product(&first.y, &second.zzz), bound::ONCE);
        let two = field.primes(2);
        let p = field.subtract(field.add(field.product(&second.x, &first.zz), &two.0), &u.0);
        let p = field.carry(p, bound::ONCE + 32);
        let r = field.subtract(field.add(field.product(&second.y, &first.zzz), &two.0), &s.0);
        let r = field.carry(r, bound::ONCE + 32);
        let zz = field.carry(field.product(&first.zz, &second.zz), bound::ONCE);
        let pp = field.carry(field.square(&p), bound::PP);
        let ppp = field.carry(field.product(&p, &pp), bound::PPP);
        let q = field.carry(field.product(&u, &pp), bound::Q);
        let zz = field.carry(field.product(&zz, &pp), bound::ZZ);
        if last {
            return Sum { x: field.x_of(&r, &ppp, &q), y: s, zz, zzz: ppp };
        }
        let zzz = field.carry(field.product(&first.zzz, &second.zzz), bound::ONCE);
        let zzz = field.carry(field.product(&zzz, &ppp), bound::ZZ);
        let [x, y] = field.finish(&s, &r, &ppp, &q);
        Sum { x, y, zz, zzz }
    }
}
