//! Vectors of eight 64-bit lanes, and the two products of AVX-512 IFMA on them.
//!
//! A kernel is written once, in safe code, over a [`Machine`]. [`Ifma`] is the processor's; [`Emulated`] does the same
//! with plain integers and is for tests, so that every kernel is proven on any processor. Nothing here may ever see a
//! secret.

#[cfg(target_arch = "x86_64")]
mod ifma;

#[cfg(target_arch = "x86_64")]
pub(super) use ifma::Ifma;

/// Lanes of a vector.
pub(super) const LANES: usize = 8;
/// Bits of a digit that the products take and give.
pub(super) const DIGIT: u32 = 52;
/// The largest digit.
pub(super) const DIGIT_MASK: u64 = (1 << DIGIT) - 1;

/// What can work on eight lanes at once; having one is the proof that the processor can.
///
/// Everything is marked for inlining into [`Machine::run`]: only there does the compiler know what the processor has.
pub(super) trait Machine: Copy {
    /// Eight lanes.
    type Lanes: Copy;

    /// Runs a kernel with everything of this machine switched on. A kernel must be `#[inline(always)]` all the way
    /// down to the operations, or its vectors go through memory.
    fn run<K: Kernel>(self, kernel: K) -> K::Output;
    /// Runs a part of a kernel as a function of its own: what is long and used often is then there once.
    fn apart<P: Part<Self>>(self, part: P) -> P::Output;

    fn load(self, lanes: &[u64; LANES]) -> Self::Lanes;
    fn store(self, lanes: Self::Lanes) -> [u64; LANES];
    /// The same in every lane.
    fn splat(self, value: u64) -> Self::Lanes;
    /// a + b mod 2^64.
    fn add(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    /// a - b mod 2^64.
    fn sub(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    fn and(self, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    /// a 2^BITS mod 2^64.
    fn shift_left<const BITS: u32>(self, a: Self::Lanes) -> Self::Lanes;
    /// a / 2^BITS, a taken as unsigned.
    fn shift_right<const BITS: u32>(self, a: Self::Lanes) -> Self::Lanes;
    /// a / 2^BITS rounded down, a taken as two's complement.
    fn shift_right_signed<const BITS: u32>(self, a: Self::Lanes) -> Self::Lanes;
    /// sum + the low 52 bits of the product of the low 52 bits of a and b, mod 2^64.
    fn multiply_add_low(self, sum: Self::Lanes, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    /// sum + the high 52 bits of that product of 104 bits, mod 2^64.
    fn multiply_add_high(self, sum: Self::Lanes, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    /// A bit for every lane, the first lane's lowest: whether a and b are equal.
    fn equal(self, a: Self::Lanes, b: Self::Lanes) -> u8;
    /// Likewise: whether a is below b, both taken as unsigned.
    fn below(self, a: Self::Lanes, b: Self::Lanes) -> u8;
    /// a where the lane's bit is set, b elsewhere.
    fn select(self, mask: u8, a: Self::Lanes, b: Self::Lanes) -> Self::Lanes;
    /// Lanes FROM to FROM + 7 of the sixteen of `low` and, above them, `high`; FROM is at most 7.
    fn align<const FROM: i32>(self, low: Self::Lanes, high: Self::Lanes) -> Self::Lanes;
    /// Lane `from[i]` mod 16, in lane i, of the sixteen of `low` and, above them, `high`.
    fn permute(self, low: Self::Lanes, high: Self::Lanes, from: Self::Lanes) -> Self::Lanes;
}

/// Something to run on a machine.
pub(super) trait Kernel {
    type Output;
    fn run<M: Machine>(self, machine: M) -> Self::Output;
}

/// A part of a kernel, which runs on the machine that the kernel runs on.
pub(super) trait Part<M: Machine> {
    type Output;
    fn run(self, machine: M) -> Self::Output;
}

/// The machine of this processor. Where there is none, there is no value of this type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vectors(Kind);

#[derive(Clone, Copy, Debug)]
enum Kind {
    #[cfg(target_arch = "x86_64")]
    Ifma(Ifma),
    #[cfg(any(test, fuzzing))]
    Emulated,
}

impl Vectors {
    pub(crate) fn detect() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        let found = Ifma::detect().map(|ifma| Self(Kind::Ifma(ifma)));
        #[cfg(not(target_arch = "x86_64"))]
        let found = None;
        found
    }

    #[cfg(any(test, fuzzing))]
    pub(crate) fn emulated() -> Self {
        Self(Kind::Emulated)
    }

    #[cfg(test)]
    pub(super) fn are_emulated(self) -> bool {
        matches!(self.0, Kind::Emulated)
    }

    pub(super) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Ifma(ifma) => ifma.run(kernel),
            #[cfg(any(test, fuzzing))]
            Kind::Emulated => Emulated.run(kernel),
        }
    }
}

/// The operations by plain integers.
#[cfg(any(test, fuzzing))]
#[derive(Clone, Copy, Debug)]
pub(super) struct Emulated;

#[cfg(any(test, fuzzing))]
impl Emulated {
    fn each(a: [u64; LANES], b: [u64; LANES], operation: impl Fn(u64, u64) -> u64) -> [u64; LANES] {
        // A plain loop becomes a few instructions on vectors; what takes a closure for each lane does not.
        let mut out = [0; LANES];
        for i in 0..LANES {
            out[i] = operation(a[i], b[i]);
        }
        out
    }

    fn product(a: u64, b: u64) -> u128 {
        u128::from(a & DIGIT_MASK) * u128::from(b & DIGIT_MASK)
    }

    fn mask(a: [u64; LANES], b: [u64; LANES], holds: impl Fn(u64, u64) -> bool) -> u8 {
        (0..LANES).fold(0, |mask, i| mask | u8::from(holds(a[i], b[i])) << i)
    }
}

#[cfg(any(test, fuzzing))]
#[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)] // two's complement
// Thousands of calls of each: in line, they take minutes to compile.
impl Machine for Emulated {
    type Lanes = [u64; LANES];

    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(self)
    }
    #[inline(never)]
    fn apart<P: Part<Self>>(self, part: P) -> P::Output {
        part.run(self)
    }
    fn load(self, lanes: &[u64; LANES]) -> [u64; LANES] {
        *lanes
    }
    fn store(self, lanes: [u64; LANES]) -> [u64; LANES] {
        lanes
    }
    #[inline(never)]
    fn splat(self, value: u64) -> [u64; LANES] {
        [value; LANES]
    }
    #[inline(never)]
    fn add(self, a: [u64; LANES], b: [u64; LANES]) -> [u64; LANES] {
        Self::each(a, b, u64::wrapping_add)
    }
    #[inline(never)]
    fn sub(self, a: [u64; LANES], b: [u64; LANES]) -> [u64; LANES] {
        Self::each(a, b, u64::wrapping_sub)
    }
    #[inline(never)]
    fn and(self, a: [u64; LANES], b: [u64; LANES]) -> [u64; LANES] {
        Self::each(a, b, |a, b| a & b)
    }
    #[inline(never)]
    fn shift_left<const BITS: u32>(self, a: [u64; LANES]) -> [u64; LANES] {
        a.map(|a| a << BITS)
    }
    #[inline(never)]
    fn shift_right<const BITS: u32>(self, a: [u64; LANES]) -> [u64; LANES] {
        a.map(|a| a >> BITS)
    }
    #[inline(never)]
    fn shift_right_signed<const BITS: u32>(self, a: [u64; LANES]) -> [u64; LANES] {
        a.map(|a| (a as i64 >> BITS) as u64)
    }
    #[inline(never)]
    fn multiply_add_low(self, sum: [u64; LANES], a: [u64; LANES], b: [u64; LANES]) -> [u64; LANES] {
        let low = Self::each(a, b, |a, b| Self::product(a, b) as u64 & DIGIT_MASK);
        self.add(sum, low)
    }
    #[inline(never)]
    fn multiply_add_high(self, sum: [u64; LANES], a: [u64; LANES], b: [u64; LANES]) -> [u64; LANES] {
        let high = Self::each(a, b, |a, b| (Self::product(a, b) >> DIGIT) as u64);
        self.add(sum, high)
    }
    #[inline(never)]
    fn equal(self, a: [u64; LANES], b: [u64; LANES]) -> u8 {
        Self::mask(a, b, |a, b| a == b)
    }
    #[inline(never)]
    fn below(self, a: [u64; LANES], b: [u64; LANES]) -> u8 {
        Self::mask(a, b, |a, b| a < b)
    }
    #[inline(never)]
    fn select(self, mask: u8, a: [u64; LANES], b: [u64; LANES]) -> [u64; LANES] {
        core::array::from_fn(|i| if mask >> i & 1 == 1 { a[i] } else { b[i] })
    }
    fn align<const FROM: i32>(self, low: [u64; LANES], high: [u64; LANES]) -> [u64; LANES] {
        core::array::from_fn(|i| *low.iter().chain(&high).nth(i + FROM as usize).unwrap())
    }
    #[inline(never)]
    fn permute(self, low: [u64; LANES], high: [u64; LANES], from: [u64; LANES]) -> [u64; LANES] {
        from.map(|from| *low.iter().chain(&high).nth(from as usize % 16).unwrap())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EACH: [u64; LANES] = [0, 1, 2, 3, 4, 5, 6, 7];

    #[test]
    fn products_by_hand() {
        let m = Emulated;
        let times = |sum, a, b| {
            let [sum, a, b] = [sum, a, b].map(|value| m.splat(value));
            [m.multiply_add_low(sum, a, b)[0], m.multiply_add_high(sum, a, b)[0]]
        };
        assert_eq!(times(0, 3, 5), [15, 0]);
        assert_eq!(times(7, 1 << 51, 2), [7, 8]);
        // (2^52 - 1)^2 = (2^52 - 2) 2^52 + 1.
        assert_eq!(times(0, DIGIT_MASK, DIGIT_MASK), [1, DIGIT_MASK - 1]);
        // What lies above 52 bits is not looked at, and the sum wraps.
        assert_eq!(times(u64::MAX, 1 << 52 | 3, u64::MAX << 52 | 5), [14, u64::MAX]);
    }

    #[test]
    fn shifts_masks_and_lanes_by_hand() {
        let m = Emulated;
        assert_eq!(
            m.shift_right_signed::<4>(m.splat((-17i64).cast_unsigned())),
            m.splat((-2i64).cast_unsigned())
        );
        assert_eq!(m.shift_right::<60>(m.splat(u64::MAX)), m.splat(15));
        assert_eq!(m.shift_left::<63>(m.splat(3)), m.splat(1 << 63));
        assert_eq!(m.sub(m.splat(1), m.splat(2)), m.splat(u64::MAX));
        assert_eq!(m.equal(EACH, m.splat(3)), 0b1000);
        assert_eq!(m.below(EACH, m.splat(3)), 0b111);
        assert_eq!(m.below(m.splat(u64::MAX), m.splat(0)), 0);
        assert_eq!(m.select(0b1000_0001, EACH, m.splat(9)), [0, 9, 9, 9, 9, 9, 9, 7]);
        assert_eq!(m.align::<3>(EACH, m.splat(9)), [3, 4, 5, 6, 7, 9, 9, 9]);
        assert_eq!(m.permute(EACH, m.splat(9), [7, 8, 0, 15, 3, 3, 16, 23]), [7, 9, 0, 9, 3, 3, 0, 7]);
        assert_eq!(m.and(EACH, m.splat(5)), [0, 1, 0, 1, 4, 5, 4, 5]);
    }
}
