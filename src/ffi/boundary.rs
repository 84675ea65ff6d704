//! The one mechanism every export goes through: panics caught, pointers checked, errors written.

use super::types::{attestor_error, attestor_status};
use crate::error::ConfigError;
use crate::verdict::Reason;
use core::mem::size_of;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Largest options structure of any future version that is looked at.
const MAX_STRUCT: usize = 4096;

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

/// A structure whose all-zero bytes are valid and whose first member is its `u32` size.
///
/// # Safety
/// `repr(C)`, no references or enums, `struct_size: u32` first.
pub(super) unsafe trait Sized32: Copy {
    /// All members zero: every default.
    fn zeroed() -> Self {
        // SAFETY: all-zero is valid by the trait's contract.
        unsafe { core::mem::zeroed() }
    }
}

/// Copies the caller's structure: a shorter one is extended with zeros, a longer one must end in zeros.
///
/// # Safety
/// `from` is NULL or starts with a `u32` size and is readable for that many bytes.
pub(super) unsafe fn read_struct<T: Sized32>(from: *const T) -> Result<Option<T>, Reason> {
    if from.is_null() {
        return Ok(None);
    }
    // SAFETY: the structure starts with its size.
    let size = unsafe { from.cast::<u32>().read_unaligned() } as usize;
    if !(size_of::<u32>()..=MAX_STRUCT).contains(&size) {
        return Err(Reason::ArgumentInvalid);
    }
    let known = size.min(size_of::<T>());
    // SAFETY: readable for `size` bytes; the tail is what this version has no member for.
    let tail = unsafe { core::slice::from_raw_parts(from.cast::<u8>().add(known), size - known) };
    if tail.iter().any(|byte| *byte != 0) {
        return Err(Reason::OptionUnsupported);
    }
    let mut value = T::zeroed();
    // SAFETY: both sides hold `known` bytes and do not overlap.
    unsafe { core::ptr::copy_nonoverlapping(from.cast::<u8>(), (&raw mut value).cast::<u8>(), known) };
    Ok(Some(value))
}

/// Writes as much of `value` as the caller's structure has room for; its size member stays.
///
/// # Safety
/// `to` starts with a `u32` size and is writable for that many bytes.
pub(super) unsafe fn write_struct<T: Sized32>(to: *mut T, value: &T) -> Result<(), Reason> {
    if to.is_null() {
        return Err(Reason::ArgumentInvalid);
    }
    // SAFETY: the structure starts with its size.
    let size = unsafe { to.cast::<u32>().read_unaligned() } as usize;
    if !(size_of::<u32>()..=MAX_STRUCT).contains(&size) {
        return Err(Reason::ArgumentInvalid);
    }
    let (skip, room) = (size_of::<u32>(), size.min(size_of::<T>()));
    let from = core::ptr::from_ref(value).cast::<u8>();
    // SAFETY: both sides hold `room` bytes and do not overlap.
    unsafe { core::ptr::copy_nonoverlapping(from.add(skip), to.cast::<u8>().add(skip), room - skip) };
    Ok(())
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
