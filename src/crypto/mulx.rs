//! The multiplications of BMI2 and ADX, which leave the flags alone: who has them, and plain integer code compiled once more
//! for those processors.

#![allow(unsafe_code)]

/// A processor with BMI2 and ADX: made only by [`Mulx::detect`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Mulx(());

impl Mulx {
    /// The proof that this processor has BMI2 and ADX.
    pub(super) fn detect() -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        let has = std::is_x86_feature_detected!("bmi2") && std::is_x86_feature_detected!("adx");
        #[cfg(not(target_arch = "x86_64"))]
        let has = false;
        has.then_some(Self(()))
    }
}

/// Something to run; everything in it has to be `#[inline(always)]` to profit.
pub(super) trait Work {
    type Output;
    fn run(self) -> Self::Output;
}

/// Runs `work` with BMI2 and ADX where the processor has them.
pub(super) fn run<W: Work>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    if Mulx::detect().is_some() {
        // SAFETY: both features were just found.
        return unsafe { switched_on(work) };
    }
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "bmi2,adx")]
fn switched_on<W: Work>(work: W) -> W::Output {
    work.run()
}
