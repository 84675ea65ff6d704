//! Plain integer code, compiled once more for processors whose multiplications leave the flags alone.

#![allow(unsafe_code)]

/// Something to run; everything in it has to be `#[inline(always)]` to profit.
pub(super) trait Work {
    type Output;
    fn run(self) -> Self::Output;
}

/// Runs `work` with BMI2 and ADX where the processor has them.
pub(super) fn run<W: Work>(work: W) -> W::Output {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("bmi2") && std::is_x86_feature_detected!("adx") {
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
