//! Structures that start with their own size, so that they can grow: read with zeros, written as far as they reach.

use crate::verdict::Reason;

/// Largest structure of any future version that is looked at.
const MAX_STRUCT: usize = 4096;

/// A structure whose all-zero bytes are valid and whose first member is its `u32` size.
///
/// # Safety
/// `repr(C)`, no references or enums but nullable function pointers, `struct_size: u32` first.
pub(super) unsafe trait Sized32: Copy {
    /// All members zero: every default.
    fn zeroed() -> Self {
        // SAFETY: all-zero is valid by the trait's contract.
        unsafe { core::mem::zeroed() }
    }
}

/// The size a structure says it has.
///
/// # Safety
/// `structure` is NULL or starts with a `u32` size.
pub(super) unsafe fn declared_size<T: Sized32>(structure: *const T) -> Result<usize, Reason> {
    if structure.is_null() {
        return Err(Reason::ArgumentInvalid);
    }
    // SAFETY: the structure starts with its size.
    let size = unsafe { structure.cast::<u32>().read_unaligned() } as usize;
    if (size_of::<u32>()..=MAX_STRUCT).contains(&size) { Ok(size) } else { Err(Reason::ArgumentInvalid) }
}

/// Copies the caller's structure: a shorter one is extended with zeros, a longer one must end in zeros.
///
/// # Safety
/// `from` is NULL or starts with a `u32` size and is readable for that many bytes.
pub(super) unsafe fn read_struct<T: Sized32>(from: *const T) -> Result<Option<T>, Reason> {
    if from.is_null() {
        return Ok(None);
    }
    // SAFETY: passed on.
    let size = unsafe { declared_size(from) }?;
    if size == size_of::<T>() {
        // SAFETY: readable for its size, and any bytes are a value by the trait's contract.
        return Ok(Some(unsafe { from.read_unaligned() }));
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

/// [`declared_size`] of a structure that may be left out.
///
/// # Safety
/// `to` is NULL or starts with a `u32` size.
pub(super) unsafe fn check_optional<T: Sized32>(to: *const T) -> Result<(), Reason> {
    // SAFETY: passed on.
    if to.is_null() { Ok(()) } else { unsafe { declared_size(to) }.map(|_| ()) }
}

/// [`write_struct`] of a structure that may be left out.
///
/// # Safety
/// `to` is NULL, or starts with a `u32` size and is writable for that many bytes.
pub(super) unsafe fn write_optional<T: Sized32>(to: *mut T, value: &T) -> Result<(), Reason> {
    // SAFETY: passed on.
    if to.is_null() { Ok(()) } else { unsafe { write_struct(to, value) } }
}

/// Writes as much of `value` as the caller's structure has room for; its size member stays.
///
/// # Safety
/// `to` starts with a `u32` size and is writable for that many bytes.
pub(super) unsafe fn write_struct<T: Sized32>(to: *mut T, value: &T) -> Result<(), Reason> {
    // SAFETY: passed on.
    let size = unsafe { declared_size(to) }?;
    let (skip, room) = (size_of::<u32>(), size.min(size_of::<T>()));
    let from = core::ptr::from_ref(value).cast::<u8>();
    // SAFETY: both sides hold `room` bytes and do not overlap.
    unsafe { core::ptr::copy_nonoverlapping(from.add(skip), to.cast::<u8>().add(skip), room - skip) };
    Ok(())
}

/// The bits of what is so.
pub(super) fn flags<const N: usize>(flags: [(bool, u32); N]) -> u32 {
    flags.into_iter().filter(|(is_so, _)| *is_so).fold(0, |bits, (_, bit)| bits | bit)
}
