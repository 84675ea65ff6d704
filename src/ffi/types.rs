//! The plain types of the header.

use super::structs::{Sized32, write_struct};
use crate::error::ConfigError;
use core::ffi::c_char;

use core::ptr::null;

/// A status: 0 is the only acceptance. 1-99 misuse or misconfiguration, 1000-1999 deny,
/// 2000-2099 unavailable. Codes are append-only.
pub type attestor_status = i32;

/// A view of UTF-8 text. No NUL terminator is promised. Empty: `ptr` not NULL, `len` 0; absent: NULL, 0.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_str {
    /// First byte, or NULL.
    pub ptr: *const c_char,
    /// Bytes.
    pub len: usize,
}

impl attestor_str {
    pub(super) fn new(text: Option<&str>) -> Self {
        text.map_or(Self { ptr: null(), len: 0 }, |t| Self { ptr: t.as_ptr().cast(), len: t.len() })
    }
}

/// What a failed call reports, in the caller's memory. Initialize with ATTESTOR_ERROR_INIT.
///
/// Written by every call that takes it, success included; left alone if `struct_size` is not set. Never holds bytes of a credential; `detail`
/// is filled by configuration calls only and names a path and a kind, never a value.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_error {
    /// `sizeof(attestor_error)`.
    pub struct_size: u32,
    /// The status the call returned.
    pub code: attestor_status,
    /// NUL-terminated, for the life of the process.
    pub slug: *const c_char,
    /// NUL-terminated, for the life of the process.
    pub phrase: *const c_char,
    /// NUL-terminated; may be empty.
    pub detail: [c_char; 256],
    /// What a callback returned, of a refresh that failed; else 0.
    pub host_code: i32,
    /// 0.
    pub reserved: u32,
}

// SAFETY: repr(C), integers and pointers, the size first.
unsafe impl Sized32 for attestor_error {}

impl attestor_error {
    /// Writes the outcome of a call.
    ///
    /// # Safety
    /// `err` is NULL or starts with a `u32` size and is writable for that many bytes.
    pub(super) unsafe fn report(err: *mut Self, outcome: &Result<(), ConfigError>) {
        if err.is_null() {
            return;
        }
        let (code, slug, phrase, detail) = match outcome {
            Ok(()) => (0, "ok\0", "ok\0", ""),
            Err(e) => (e.reason().code(), e.reason().slug_nul(), e.reason().phrase_nul(), e.detail()),
        };
        let mut report = Self {
            struct_size: 0,
            code,
            slug: slug.as_ptr().cast(),
            phrase: phrase.as_ptr().cast(),
            detail: [0; 256],
            host_code: outcome.as_ref().err().map_or(0, ConfigError::host_code),
            reserved: 0,
        };
        let fits = (0..=detail.len().min(255)).rev().find(|at| detail.is_char_boundary(*at)).unwrap_or(0);
        for (to, from) in report.detail.iter_mut().zip(detail[..fits].bytes()) {
            *to = c_char::from_ne_bytes([from]);
        }
        // SAFETY: passed on. An error structure with a nonsensical size is left alone.
        let _ = unsafe { write_struct(err, &report) };
    }
}

const _: () = assert!(size_of::<attestor_str>() == 2 * size_of::<usize>());
const _: () = assert!(size_of::<attestor_error>() == 8 + 2 * size_of::<usize>() + 256 + 8);
