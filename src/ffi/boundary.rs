//! The one mechanism every export goes through: panics caught, pointers checked, errors written.

use super::types::{attestor_error, attestor_status};
use crate::error::ConfigError;
use crate::verdict::Reason;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs the body of an export that returns a plain value; a panic gives `fallback`.
pub(super) fn boundary<R>(fallback: R, body: impl FnOnce() -> R) -> R {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(fallback)
}

/// Runs the body of an export that returns a status, and reports to the caller's error.
pub(super) fn status(
    err: *mut attestor_error,
    body: impl FnOnce() -> Result<(), ConfigError>,
) -> attestor_status {
    let outcome = boundary(Err(Reason::InternalError.into()), body);
    // SAFETY: the header asks for NULL or an `attestor_error` that starts with its own size.
    unsafe { attestor_error::report(err, &outcome) };
    outcome.map_or_else(|error| error.reason().code(), |()| 0)
}

/// A required reference.
pub(super) fn required<T>(pointer: Option<T>) -> Result<T, Reason> {
    pointer.ok_or(Reason::ArgumentInvalid)
}

/// The bytes at (`ptr`, `len`), cut to one more than `max`: longer input is refused by its length alone.
///
/// # Safety
/// `ptr` is NULL or valid for reads of `len` bytes for `'a`.
pub(super) unsafe fn bytes<'a>(ptr: *const u8, len: usize, max: usize) -> Result<&'a [u8], Reason> {
    if len == 0 {
        return Ok(&[]);
    }
    if ptr.is_null() || len > isize::MAX as usize {
        return Err(Reason::ArgumentInvalid);
    }
    // SAFETY: not NULL, and not more than the caller vouches for.
    Ok(unsafe { core::slice::from_raw_parts(ptr, len.min(max + 1)) })
}

/// The UTF-8 text at (`ptr`, `len`), at most `max` bytes.
///
/// # Safety
/// As for [`bytes`].
pub(super) unsafe fn text<'a>(
    ptr: *const core::ffi::c_char,
    len: usize,
    max: usize,
) -> Result<&'a str, Reason> {
    if len > max {
        return Err(Reason::ArgumentInvalid);
    }
    // SAFETY: passed on.
    let bytes = unsafe { bytes(ptr.cast(), len, max) }?;
    core::str::from_utf8(bytes).map_err(|_| Reason::ArgumentInvalid)
}

/// Writes one result through an out-pointer.
///
/// # Safety
/// `out` is NULL or valid for a write.
pub(super) unsafe fn write_out<T>(out: *mut T, value: T) -> Result<(), Reason> {
    if out.is_null() {
        return Err(Reason::ArgumentInvalid);
    }
    // SAFETY: not NULL, and the caller vouches for it.
    unsafe { out.write(value) };
    Ok(())
}

/// A buffer for text that goes out, and where its length goes, can be written to.
pub(super) fn check_buffer(buf: *mut u8, cap: usize, len_out: *mut usize) -> Result<(), Reason> {
    if len_out.is_null() || (buf.is_null() && cap > 0) { Err(Reason::ArgumentInvalid) } else { Ok(()) }
}

/// Writes `value` into the caller's buffer, its length always.
///
/// # Safety
/// `buf` is writable for `cap` bytes or NULL, `len_out` writable or NULL.
pub(super) unsafe fn write_bytes(
    value: &[u8],
    buf: *mut u8,
    cap: usize,
    len_out: *mut usize,
) -> Result<(), Reason> {
    check_buffer(buf, cap, len_out)?;
    // SAFETY: not NULL, and the caller vouches for it.
    unsafe { len_out.write(value.len()) };
    if cap < value.len() {
        return Err(Reason::BufferTooSmall);
    }
    if !value.is_empty() {
        // SAFETY: the buffer holds `cap` bytes, which is enough.
        unsafe { core::ptr::copy_nonoverlapping(value.as_ptr(), buf, value.len()) };
    }
    Ok(())
}
