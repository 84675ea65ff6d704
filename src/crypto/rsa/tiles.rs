//! Products of eight 64-bit limbs by eight, of which all larger ones are made: by BMI2 and ADX or, for tests, by plain
//! integers.

#![allow(clippy::inline_always)] // a call would pass eight registers through memory

#[cfg(target_arch = "x86_64")]
mod rows;
#[cfg(test)]
pub(super) mod tests;

#[cfg(target_arch = "x86_64")]
use crate::crypto::mulx::Mulx;

/// Limbs of a tile.
pub(super) const LIMBS: usize = 8;

/// Eight limbs, least significant first.
pub(super) type Tile = [u64; LIMBS];

/// What multiplies tiles. Where BMI2 or ADX is missing, there is no value of this type.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tiles {
    #[cfg(target_arch = "x86_64")]
    Mulx(Mulx),
    #[cfg(any(test, fuzzing))]
    Plain,
}

impl Tiles {
    pub(super) fn detect() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        let found = Mulx::detect().map(Self::Mulx);
        #[cfg(not(target_arch = "x86_64"))]
        let found = None;
        found
    }

    /// By plain integers and, where it can, by the processor.
    #[cfg(any(test, fuzzing))]
    pub(super) fn every() -> Vec<Self> {
        [Some(Self::Plain), Self::detect()].into_iter().flatten().collect()
    }

    /// acc + a b: the high half. The low half takes the place of `b`.
    #[inline(always)]
    pub(super) fn multiply(self, acc: Tile, a: &Tile, b: &mut Tile) -> Tile {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Mulx(mulx) => rows::multiply(mulx, acc, a, b),
            #[cfg(any(test, fuzzing))]
            Self::Plain => plain::multiply(acc, a, b),
        }
    }

    /// (acc + m n) / 2^512 for the m that leaves no remainder. It takes the place of `m`, every limb of which is
    /// -1 / n mod 2^64 before.
    #[inline(always)]
    pub(super) fn reduce(self, acc: Tile, n: &Tile, m: &mut Tile) -> Tile {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Mulx(mulx) => rows::reduce(mulx, acc, n, m),
            #[cfg(any(test, fuzzing))]
            Self::Plain => plain::reduce(acc, n, m),
        }
    }
}

#[cfg(any(test, fuzzing))]
#[allow(clippy::cast_possible_truncation)] // a limb is the low part of a sum
mod plain {
    use super::{LIMBS, Tile};

    pub(super) fn multiply(acc: Tile, a: &Tile, b: &mut Tile) -> Tile {
        let mut sum = Sum::of(acc);
        for (i, b) in b.iter_mut().enumerate() {
            sum.add_row(i, a, *b);
            *b = sum.0[i];
        }
        sum.high()
    }

    pub(super) fn reduce(acc: Tile, n: &Tile, m: &mut Tile) -> Tile {
        let mut sum = Sum::of(acc);
        for (i, m) in m.iter_mut().enumerate() {
            *m = m.wrapping_mul(sum.0[i]);
            sum.add_row(i, n, *m);
            debug_assert_eq!(sum.0[i], 0);
        }
        sum.high()
    }

    struct Sum([u64; 2 * LIMBS]);

    impl Sum {
        fn of(acc: Tile) -> Self {
            let mut sum = [0; 2 * LIMBS];
            sum[..LIMBS].copy_from_slice(&acc);
            Self(sum)
        }

        /// Adds a b from limb `from` on; nothing was added above what this row reaches.
        fn add_row(&mut self, from: usize, a: &Tile, b: u64) {
            let mut carry = 0;
            for (limb, a) in self.0[from..].iter_mut().zip(a) {
                let sum = u128::from(*limb) + u128::from(*a) * u128::from(b) + carry;
                (*limb, carry) = (sum as u64, sum >> 64);
            }
            self.0[from + LIMBS] = carry as u64;
        }

        fn high(self) -> Tile {
            core::array::from_fn(|i| self.0[LIMBS + i])
        }
    }
}
