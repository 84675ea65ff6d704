//! Bringing what will be needed near the processor before it is: a table of points is larger than the nearest caches.

#![allow(unsafe_code)]

/// Bytes of a line of the processor's caches.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 64;

/// Asks for a value, and waits for nothing. Only a hint, and none on other architectures than `x86_64`.
#[inline]
pub(super) fn prefetch<T>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    for line in (0..size_of::<T>()).step_by(LINE) {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let at = core::ptr::from_ref(value).cast::<i8>().wrapping_add(line);
        // SAFETY: reads nothing, and so may be given any address; SSE is part of x86-64.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}
