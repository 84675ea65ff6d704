//! Powers modulo an RSA modulus: Montgomery products of numbers whose 52-bit digits lie across the lanes.
//!
//! A product is first made whole, in columns of one vector, digits 8 c to 8 c + 7 being column c. A column is a sum of
//! vectors `a[k] * b[8c - k ..]`: the low halves of those products belong to it, and so do the high halves of
//! `a[k - 1] * b[8c - k ..]`, for a high half counts one digit more. So every load serves both, and no lane moves.
//!
//! Then the lowest column is taken away V times. As 2^-416 mod n is known, a column moves up by one digit of 416 bits
//! by one short product: x0 + 2^416 x1 is 2^416 (x0 (2^-416 mod n) + x1) modulo n. Only the last time the multiple of n
//! is added that ends in eight zero digits, which keeps the result short.
//!
//! Bounds. Numbers are below 3 n, and n is at least 32 bits below R = 2^(416 V). With C = 2^-416 mod n, folding a
//! column leaves less than t / 2^416 + 2^416 C; after V - 1 columns of a product t less than
//! t / 2^(416 (V - 1)) + 2^416 n (1 + 2^-415), and after the last, which adds a multiple below 2^416 of n, less than
//! t / R + n (1 + 2^-415) + n. As t < 9 n^2 < 9 n R / 2^32, this is below 3 n again.
//!
//! A lane of a column takes in at most 8 V low and 8 V high halves of the product, as many again of what is folded in,
//! and V carries below 2^12: less than 32 V 2^52 + V 2^12, which is below 2^61 for V up to 10.

#![allow(clippy::inline_always)] // a call would pass vectors through memory, and so would a closure

use super::modulus::{Modulus, Number};
use crate::crypto::lanes::{DIGIT, DIGIT_MASK, Kernel, LANES, Machine};

/// Vectors of the longest modulus, 4096 bits.
pub(super) const MOST: usize = 10;
/// Lanes of a column stay below.
const COLUMN_BOUND: u64 = 1 << 61;

/// `base` to the power of 65537 modulo n: below 3 n, for a base below n.
pub(super) struct Power<'a, const V: usize> {
    pub(super) modulus: &'a Modulus<V>,
    pub(super) base: &'a Number<V>,
}

impl<const V: usize> Kernel for Power<'_, V> {
    type Output = Number<V>;

    #[inline(always)]
    fn run<M: Machine>(self, m: M) -> Number<V> {
        let reduction = Reduction::of(self.modulus);
        let base = Padded::of(self.base);
        let mut power = Padded::of(&self.modulus.square);
        let mut product = [m.splat(0); 2 * MOST];
        // R^2 base / R = base R; then base^65536 R; the last product takes R away.
        for step in 0..18 {
            if step == 0 || step == 17 {
                multiply::<M, V>(m, &power, &base, &mut product);
            } else {
                square::<M, V>(m, &power, &mut product);
            }
            power.set(m, reduction.apply::<M, V>(m, &product));
        }
        *vectors(power.digits(), LANES)
    }
}

/// Digits with a vector of zeros, or more, below and above, so that a vector may be loaded from any digit on.
struct Padded([[u64; LANES]; MOST + 2]);

impl Padded {
    #[inline(always)]
    fn of<const V: usize>(number: &Number<V>) -> Self {
        let mut padded = [[0; LANES]; MOST + 2];
        padded[1..=V].copy_from_slice(number);
        Self(padded)
    }

    #[inline(always)]
    fn set<M: Machine, const V: usize>(&mut self, m: M, number: [M::Lanes; V]) {
        for (vector, lanes) in self.0[1..=V].iter_mut().zip(number) {
            *vector = m.store(lanes);
        }
    }

    #[inline(always)]
    fn digits(&self) -> &[u64] {
        self.0.as_flattened()
    }
}

/// N digits from `from` on.
#[inline(always)]
fn part<const N: usize>(digits: &[u64], from: usize) -> &[u64; N] {
    let (parts, _) = digits[from..from + N].as_chunks();
    &parts[0]
}

/// V vectors from digit `from` on.
#[inline(always)]
fn vectors<const V: usize>(digits: &[u64], from: usize) -> &[[u64; LANES]; V] {
    let (vectors, _) = digits[from..from + V * LANES].as_chunks();
    let (vectors, _) = vectors.as_chunks();
    &vectors[0]
}

/// Sums of low and of high halves, two each: a single sum would wait for its last product.
struct Sums<M: Machine> {
    m: M,
    low: [M::Lanes; 2],
    high: [M::Lanes; 2],
}

impl<M: Machine> Sums<M> {
    #[inline(always)]
    fn new(m: M, first: M::Lanes) -> Self {
        Self { m, low: [first, m.splat(0)], high: [m.splat(0); 2] }
    }

    /// Four rows of a column: `a` is a[k - 1] to a[k + 3], `b` is b[8 c - k - 3] and the ten digits above it.
    #[inline(always)]
    fn add_rows(&mut self, a: &[u64; 5], b: &[u64; 11]) {
        self.add(a, rows(self.m, b));
    }

    /// The rows 4 c to 4 c + 3 of a square: only what has a digit of b higher than a's, so that lane l of row s is
    /// left for l > 2 s. This leaves out high halves of neighbours, too.
    #[inline(always)]
    fn add_last_rows_of_square(&mut self, a: &[u64; 5], b: &[u64; 11]) {
        const LEFT: [[u64; LANES]; 4] = [left(1), left(3), left(5), left(7)];
        let m = self.m;
        let mut rows = rows(m, b);
        for (row, left) in rows.iter_mut().zip(&LEFT) {
            *row = m.and(*row, m.load(left));
        }
        self.add(a, rows);
    }

    #[inline(always)]
    fn add(&mut self, a: &[u64; 5], [row0, row1, row2, row3]: [M::Lanes; 4]) {
        let m = self.m;
        let [a0, a1, a2, a3, a4] = *a;
        let [a0, a1, a2, a3, a4] = [m.splat(a0), m.splat(a1), m.splat(a2), m.splat(a3), m.splat(a4)];
        self.high[0] = m.multiply_add_high(self.high[0], a0, row0);
        self.low[0] = m.multiply_add_low(self.low[0], a1, row0);
        self.high[1] = m.multiply_add_high(self.high[1], a1, row1);
        self.low[1] = m.multiply_add_low(self.low[1], a2, row1);
        self.high[0] = m.multiply_add_high(self.high[0], a2, row2);
        self.low[0] = m.multiply_add_low(self.low[0], a3, row2);
        self.high[1] = m.multiply_add_high(self.high[1], a3, row3);
        self.low[1] = m.multiply_add_low(self.low[1], a4, row3);
    }

    #[inline(always)]
    fn total(self) -> M::Lanes {
        let Self { m, low, high } = self;
        m.add(m.add(low[0], low[1]), m.add(high[0], high[1]))
    }
}

/// The vectors from digits 3, 2, 1 and 0 on.
#[inline(always)]
fn rows<M: Machine>(m: M, digits: &[u64; 11]) -> [M::Lanes; 4] {
    [m.load(part(digits, 3)), m.load(part(digits, 2)), m.load(part(digits, 1)), m.load(part(digits, 0))]
}

/// All bits of the lanes `from` to 7.
const fn left(from: usize) -> [u64; LANES] {
    let (mut lanes, mut i) = ([0; LANES], from);
    while i < LANES {
        lanes[i] = u64::MAX;
        i += 1;
    }
    lanes
}

/// The columns of a b.
#[inline(always)]
fn multiply<M: Machine, const V: usize>(m: M, a: &Padded, b: &Padded, columns: &mut [M::Lanes; 2 * MOST]) {
    for (c, column) in columns.iter_mut().take(2 * V).enumerate() {
        // Below the first row and above the last, b or a has only zeros.
        let first = LANES * c.saturating_sub(V);
        let end = (LANES * (c + 1)).min(LANES * V + 4);
        let mut sums = Sums::new(m, m.splat(0));
        for k in (first..end).step_by(4) {
            sums.add_rows(part(a.digits(), LANES - 1 + k), part(b.digits(), LANES * (c + 1) - k - 3));
        }
        *column = sums.total();
    }
}

/// The columns of a^2: the squares of the digits, and twice the products of a digit with a higher one.
#[inline(always)]
fn square<M: Machine, const V: usize>(m: M, a: &Padded, columns: &mut [M::Lanes; 2 * MOST]) {
    let (lower, upper) = (m.load(&[0, 8, 1, 9, 2, 10, 3, 11]), m.load(&[4, 12, 5, 13, 6, 14, 7, 15]));
    let (pairs, _) = columns.as_chunks_mut::<2>();
    let (digits, below) = (vectors::<V>(a.digits(), LANES), vectors::<V>(a.digits(), LANES - 1));
    for (pair, (digits, below)) in pairs.iter_mut().zip(digits.iter().zip(below)) {
        let (digits, below) = (m.load(digits), m.load(below));
        // The high half of a[i - 1] a[i] belongs to digit 2 i.
        let neighbours = m.multiply_add_high(m.splat(0), below, digits);
        let low = m.multiply_add_low(m.add(neighbours, neighbours), digits, digits);
        let high = m.multiply_add_high(m.splat(0), digits, digits);
        *pair = [m.permute(low, high, lower), m.permute(low, high, upper)];
    }
    for (c, column) in columns.iter_mut().take(2 * V).enumerate() {
        let mut sums = Sums::new(m, m.splat(0));
        for k in (LANES * c.saturating_sub(V)..4 * c).step_by(4) {
            sums.add_rows(part(a.digits(), LANES - 1 + k), part(a.digits(), LANES * (c + 1) - k - 3));
        }
        let at = LANES + 4 * c;
        sums.add_last_rows_of_square(part(a.digits(), at - 1), part(a.digits(), at - 3));
        *column = m.add(*column, m.shift_left::<1>(sums.total()));
    }
}

/// What divides a product by R.
struct Reduction {
    n: Padded,
    over_block: Padded,
    /// Below it, a vector of zeros.
    negated_inverse: [u64; 2 * LANES],
}

impl Reduction {
    #[inline(always)]
    fn of<const V: usize>(modulus: &Modulus<V>) -> Self {
        let mut negated_inverse = [0; 2 * LANES];
        negated_inverse[LANES..].copy_from_slice(&modulus.negated_inverse);
        Self { n: Padded::of(&modulus.value), over_block: Padded::of(&modulus.over_block), negated_inverse }
    }

    /// The product, in columns, over R modulo n: below 3 n, if the factors were.
    #[inline(always)]
    fn apply<M: Machine, const V: usize>(&self, m: M, product: &[M::Lanes; 2 * MOST]) -> [M::Lanes; V] {
        let (lowest, carry) = settle(m, product[0]);
        let mut digits = m.store(lowest);
        let mut above = [m.splat(0); V];
        above.copy_from_slice(&product[1..=V]);
        above[0] = m.add(above[0], carry);
        for next in &product[1 + V..2 * V] {
            // First what the next round waits for.
            let first = first_column(m, above[0], &digits, self.over_block.digits());
            let (lowest, carry) = settle(m, first);
            for v in 0..V {
                above[v] = if v + 1 < V { above[v + 1] } else { *next };
            }
            add_next_columns(m, &mut above, &digits, self.over_block.digits());
            above[0] = m.add(above[0], carry);
            digits = m.store(lowest);
        }
        // Its carry would be a multiple of 2^416.
        let (multiple, _) = settle(m, first_column(m, m.splat(0), &digits, &self.negated_inverse));
        let multiple = m.store(multiple);
        let zeros = first_column(m, m.load(&digits), &multiple, self.n.digits());
        add_next_columns(m, &mut above, &multiple, self.n.digits());
        above[0] = m.add(above[0], carry_of_zeros(m, zeros));
        settle_all(m, above)
    }
}

/// The sum and the lowest column of the product of eight digits with a number, given with a vector of zeros below.
#[inline(always)]
fn first_column<M: Machine>(m: M, sum: M::Lanes, digits: &[u64; LANES], number: &[u64]) -> M::Lanes {
    let mut sums = Sums::new(m, sum);
    let [d0, d1, d2, d3, d4, d5, d6, d7] = *digits;
    sums.add_rows(&[0, d0, d1, d2, d3], part(number, LANES - 3));
    sums.add_rows(&[d3, d4, d5, d6, d7], part(number, LANES - 7));
    sums.total()
}

/// Adds the other V columns of that product. `number` has a vector of zeros above, too.
#[inline(always)]
fn add_next_columns<M: Machine, const V: usize>(
    m: M,
    sums: &mut [M::Lanes; V],
    digits: &[u64; LANES],
    number: &[u64],
) {
    let mut high = [m.splat(0); V];
    let digit = m.splat(digits[0]);
    for (sum, number) in sums.iter_mut().zip(vectors::<V>(number, 2 * LANES)) {
        *sum = m.multiply_add_low(*sum, digit, m.load(number));
    }
    for k in 1..LANES {
        let (digit, lower) = (m.splat(digits[k]), m.splat(digits[k - 1]));
        let number = vectors::<V>(number, 2 * LANES - k);
        for v in 0..V {
            let number = m.load(&number[v]);
            sums[v] = m.multiply_add_low(sums[v], digit, number);
            high[v] = m.multiply_add_high(high[v], lower, number);
        }
    }
    let lower = m.splat(digits[LANES - 1]);
    for (v, number) in vectors::<V>(number, LANES).iter().enumerate() {
        sums[v] = m.add(sums[v], m.multiply_add_high(high[v], lower, m.load(number)));
    }
}

/// A column as digits, and what it carries into the lowest lane of the next.
///
/// One round is enough unless a digit lies within 2^9 of 2^52, which chance brings about once in 2^40 columns.
#[inline(always)]
fn settle<M: Machine>(m: M, column: M::Lanes) -> (M::Lanes, M::Lanes) {
    debug_assert_eq!(m.below(column, m.splat(COLUMN_BOUND)), u8::MAX);
    let (zero, mask) = (m.splat(0), m.splat(DIGIT_MASK));
    let (mut column, mut carry) = (column, zero);
    loop {
        let over = m.shift_right::<DIGIT>(column);
        carry = m.add(carry, m.align::<7>(over, zero));
        column = m.add(m.and(column, mask), m.align::<7>(zero, over));
        if m.below(mask, column) == 0 {
            return (column, carry);
        }
    }
}

/// What a column carries whose value is a multiple of 2^416.
///
/// After one round its lanes are below 2^52 + 2^9 and its value below 2^417, so that it is 0 or 2^416.
#[inline(always)]
fn carry_of_zeros<M: Machine>(m: M, column: M::Lanes) -> M::Lanes {
    debug_assert_eq!(m.below(column, m.splat(COLUMN_BOUND)), u8::MAX);
    let zero = m.splat(0);
    let over = m.shift_right::<DIGIT>(column);
    let rest = m.add(m.and(column, m.splat(DIGIT_MASK)), m.align::<7>(zero, over));
    debug_assert_eq!(m.store(settle(m, rest).0), [0; LANES]);
    let one = u8::from(m.equal(rest, zero) != u8::MAX);
    m.add(m.align::<7>(over, zero), m.select(one, m.splat(1), zero))
}

/// All columns of a number below R as digits.
#[inline(always)]
fn settle_all<M: Machine, const V: usize>(m: M, mut columns: [M::Lanes; V]) -> [M::Lanes; V] {
    let mask = m.splat(DIGIT_MASK);
    loop {
        let (mut below, mut larger) = (m.splat(0), 0);
        for column in &mut columns {
            debug_assert_eq!(m.below(*column, m.splat(COLUMN_BOUND)), u8::MAX);
            let over = m.shift_right::<DIGIT>(*column);
            *column = m.add(m.and(*column, mask), m.align::<7>(below, over));
            larger |= m.below(mask, *column);
            below = over;
        }
        debug_assert_eq!(m.store(below)[LANES - 1], 0);
        if larger == 0 {
            return columns;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::modulus::tests::{int, moduli, numbers_below, random_below, to_integer, to_number};
    use super::*;
    use crate::crypto::lanes::Emulated;
    use crate::crypto::tables::reference::Random;
    use num_bigint::BigUint;

    /// a b / R, or a^2 / R where there is no b.
    struct Product<'a, const V: usize>(&'a Modulus<V>, &'a Number<V>, Option<&'a Number<V>>);

    impl<const V: usize> Kernel for Product<'_, V> {
        type Output = Number<V>;

        #[inline(always)]
        fn run<M: Machine>(self, m: M) -> Number<V> {
            let mut columns = [m.splat(0); 2 * MOST];
            let mut a = Padded::of(self.1);
            match self.2 {
                Some(b) => multiply::<M, V>(m, &a, &Padded::of(b), &mut columns),
                None => square::<M, V>(m, &a, &mut columns),
            }
            a.set(m, Reduction::of(self.0).apply::<M, V>(m, &columns));
            *vectors(a.digits(), LANES)
        }
    }

    /// Runs `$kernel` on the emulation, and on the processor where it can.
    macro_rules! on_every_machine {
        ($kernel:expr) => {{
            let emulated = Emulated.run($kernel);
            #[cfg(target_arch = "x86_64")]
            if let Some(machine) = crate::crypto::lanes::Ifma::detect() {
                assert_eq!(machine.run($kernel), emulated);
            }
            emulated
        }};
    }

    fn says_if_not_run() {
        #[cfg(target_arch = "x86_64")]
        if crate::crypto::lanes::Ifma::detect().is_some() {
            return;
        }
        eprintln!("not run: this processor has no AVX-512 IFMA");
    }

    fn check<const V: usize>(modulus: &Modulus<V>, n: &BigUint, a: &BigUint, b: &BigUint) {
        let r = int(1) << (416 * V);
        let (a_number, b_number) = (to_number(a), to_number(b));
        for (kernel, product) in [
            (Product(modulus, &a_number, Some(&b_number)), a * b),
            (Product(modulus, &a_number, None), a * a),
        ] {
            let Product(modulus, a, b) = kernel;
            let result = on_every_machine!(Product(modulus, a, b));
            assert!(result.as_flattened().iter().all(|digit| *digit <= DIGIT_MASK));
            let result = to_integer(result.as_flattened());
            assert!(result < n * 3u32);
            assert_eq!(result * &r % n, product % n);
        }
    }

    /// Factors as large as they may be, below 3 n, so that every bound is met.
    fn products<const V: usize>(bits: u64) {
        for n in moduli(bits) {
            let modulus = Modulus::<V>::of(&n.to_bytes_be());
            let end = &n * 3u32;
            let factors = numbers_below(&end);
            for (i, a) in factors.iter().enumerate() {
                check(&modulus, &n, a, &factors[(5 * i + 3) % factors.len()]);
            }
        }
    }

    #[test]
    fn products_agree_with_integers() {
        says_if_not_run();
        products::<5>(2048);
        products::<8>(3072);
        products::<10>(4096);
    }

    #[test]
    fn powers_agree_with_integers() {
        fn powers<const V: usize>(bits: u64) {
            for n in moduli(bits).into_iter().skip(1).step_by(2) {
                let modulus = Modulus::<V>::of(&n.to_bytes_be());
                for base in [int(0), int(1), int(2), &n - 1u32, &n >> 1] {
                    let power = on_every_machine!(Power { modulus: &modulus, base: &to_number(&base) });
                    let power = to_integer(power.as_flattened());
                    assert!(power < &n * 3u32);
                    assert_eq!(power % &n, base.modpow(&int(65537), &n));
                }
            }
        }
        says_if_not_run();
        powers::<5>(2048);
        powers::<8>(3072);
        powers::<10>(4096);
    }

    /// Every digit full, which no number below 3 n has, for the product before it is divided.
    #[test]
    fn columns_of_full_digits() {
        struct Columns<'a, const V: usize>(&'a Number<V>, &'a Number<V>);

        impl<const V: usize> Kernel for Columns<'_, V> {
            type Output = [Vec<[u64; LANES]>; 2];

            #[inline(always)]
            fn run<M: Machine>(self, m: M) -> Self::Output {
                let (a, b) = (Padded::of(self.0), Padded::of(self.1));
                let mut columns = [[m.splat(0); 2 * MOST]; 2];
                multiply::<M, V>(m, &a, &b, &mut columns[0]);
                square::<M, V>(m, &a, &mut columns[1]);
                columns.map(|columns| columns[..2 * V].iter().map(|column| m.store(*column)).collect())
            }
        }

        fn check<const V: usize>() {
            let full = [[DIGIT_MASK; LANES]; V];
            let mut random = Random::new(7);
            let single = to_number(&(int(DIGIT_MASK) << (52 * (8 * V - 1))));
            let between = to_number(&random_below(&mut random, &(int(1) << (416 * V))));
            for [a, b] in
                [[&full, &full], [&full, &single], [&single, &full], [&between, &full], [&single, &between]]
            {
                let [product, square] = on_every_machine!(Columns(a, b));
                let [x, y] = [a, b].map(|number| to_integer(number.as_flattened()));
                assert_eq!(to_integer(product.as_flattened()), &x * y);
                assert_eq!(to_integer(square.as_flattened()), &x * &x);
                let most = 2 * 8 * V as u64 * DIGIT_MASK;
                assert!(product.as_flattened().iter().chain(square.as_flattened()).all(|lane| *lane <= most));
            }
        }
        says_if_not_run();
        check::<5>();
        check::<8>();
        check::<10>();
    }

    /// What chance never brings about: carries that run through the lanes one after the other.
    #[test]
    fn carries_that_run_on() {
        struct Settle([u64; LANES]);

        impl Kernel for Settle {
            type Output = [[u64; LANES]; 2];

            #[inline(always)]
            fn run<M: Machine>(self, m: M) -> Self::Output {
                let (digits, carry) = settle(m, m.load(&self.0));
                [m.store(digits), m.store(carry)]
            }
        }

        struct SettleAll([[u64; LANES]; 5]);

        impl Kernel for SettleAll {
            type Output = [[u64; LANES]; 5];

            #[inline(always)]
            fn run<M: Machine>(self, m: M) -> Self::Output {
                settle_all(m, self.0.map(|lanes| m.load(&lanes))).map(|lanes| m.store(lanes))
            }
        }

        struct Zeros([u64; LANES]);

        impl Kernel for Zeros {
            type Output = [u64; LANES];

            #[inline(always)]
            fn run<M: Machine>(self, m: M) -> Self::Output {
                m.store(carry_of_zeros(m, m.load(&self.0)))
            }
        }

        says_if_not_run();
        let (most, full) = (COLUMN_BOUND - 1, DIGIT_MASK);
        let running = [full + 1, full, full, full, full, full, full, full];
        assert_eq!(on_every_machine!(Settle(running)), [[0; LANES], [1, 0, 0, 0, 0, 0, 0, 0]]);
        for column in [
            [0; LANES],
            [full; LANES],
            [most; LANES],
            [most, full, full, full, full, full, full, full],
            [most, 0, full, full, most, full, full, 0],
            [0, 0, 0, 0, 0, 0, 0, most],
            [most, full - 510, full - 511, full - 512, full, full, full, full - 1],
        ] {
            let [digits, carry] = on_every_machine!(Settle(column));
            assert!(digits.iter().all(|digit| *digit <= full) && carry[1..] == [0; 7], "{column:x?}");
            assert_eq!(to_integer(&digits) + (int(carry[0]) << 416), to_integer(&column), "{column:x?}");
        }

        for top in [0, 5, full - 512] {
            for column in [[full; LANES], [most; LANES], running] {
                let mut columns = [column; 5];
                columns[4] = [full; LANES];
                columns[4][LANES - 1] = top;
                let digits = on_every_machine!(SettleAll(columns));
                assert!(digits.as_flattened().iter().all(|digit| *digit <= full));
                assert_eq!(to_integer(digits.as_flattened()), to_integer(columns.as_flattened()));
            }
        }

        let carried = |count| [count, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(on_every_machine!(Zeros([0; LANES])), carried(0));
        assert_eq!(on_every_machine!(Zeros(running)), carried(1));
        assert_eq!(on_every_machine!(Zeros([0, 0, 0, 0, 0, 0, 0, 7 << 52])), carried(7));
        assert_eq!(on_every_machine!(Zeros([0, 0, 0, 0, 0, 0, 3 << 52, 8 * (full + 1) - 3])), carried(8));
        assert_eq!(
            on_every_machine!(Zeros([2 << 52, full - 1, full, full, full, full, full, full])),
            carried(1)
        );
    }
}
