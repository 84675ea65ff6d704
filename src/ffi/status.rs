//! Version and status functions: total, and for the life of the process.

use super::boundary::boundary;
use super::types::attestor_status;
use crate::trust::Skip;
use crate::verdict::{Class, Reason};
use core::ffi::c_char;

/// The version of the ABI this header describes; equal to `attestor_abi()` of a library it fits.
pub const ATTESTOR_ABI: u32 = 1;

/// Classes of a status, as `attestor_status_class` gives them.
pub const ATTESTOR_CLASS_ALLOW: i32 = 0;
/// The credential is refused.
pub const ATTESTOR_CLASS_DENY: i32 = 1;
/// Our own trust material is missing or too old.
pub const ATTESTOR_CLASS_UNAVAILABLE: i32 = 2;
/// A programming or configuration error of the host.
pub const ATTESTOR_CLASS_MISUSE: i32 = 3;

fn c_str(nul_terminated: &'static str) -> *const c_char {
    nul_terminated.as_ptr().cast()
}

/// The library's version, `MAJOR.MINOR.PATCH`, NUL-terminated.
///
/// Lifetime: for the life of the process. Threads: any. Allocates: never.
#[unsafe(no_mangle)]
pub extern "C" fn attestor_version_string() -> *const c_char {
    boundary(c_str("\0"), || c_str(concat!(env!("CARGO_PKG_VERSION"), "\0")))
}

/// The library's version as 0x00MMmmpp; compare with ATTESTOR_VERSION_HEX.
///
/// Threads: any. Allocates: never.
#[unsafe(no_mangle)]
pub extern "C" fn attestor_version_hex() -> u32 {
    boundary(0, || {
        let part = |text: &str| text.parse::<u32>().unwrap_or_default();
        part(env!("CARGO_PKG_VERSION_MAJOR")) << 16
            | part(env!("CARGO_PKG_VERSION_MINOR")) << 8
            | part(env!("CARGO_PKG_VERSION_PATCH"))
    })
}

/// The library's ABI version. A wrapper refuses to load a library whose number is not ATTESTOR_ABI.
///
/// Threads: any. Allocates: never.
#[unsafe(no_mangle)]
pub extern "C" fn attestor_abi() -> u32 {
    boundary(0, || ATTESTOR_ABI)
}

/// The class of a status by its band: one of ATTESTOR_CLASS_*. A code outside of all bands is misuse.
///
/// Threads: any. Allocates: never.
#[unsafe(no_mangle)]
pub extern "C" fn attestor_status_class(code: attestor_status) -> i32 {
    boundary(ATTESTOR_CLASS_MISUSE, || Class::of(code) as i32)
}

/// The stable machine name of a status, NUL-terminated; "ok" for 0, "unknown" for an unknown code.
///
/// Lifetime: for the life of the process. Threads: any. Allocates: never.
#[unsafe(no_mangle)]
pub extern "C" fn attestor_status_slug(code: attestor_status) -> *const c_char {
    boundary(c_str("unknown\0"), || describe(code, Reason::slug_nul))
}

/// The stable sentence for people, NUL-terminated; "ok" for 0, "unknown" for an unknown code.
///
/// Lifetime: for the life of the process. Threads: any. Allocates: never.
#[unsafe(no_mangle)]
pub extern "C" fn attestor_status_phrase(code: attestor_status) -> *const c_char {
    boundary(c_str("unknown\0"), || describe(code, Reason::phrase_nul))
}

fn describe(code: attestor_status, text: fn(Reason) -> &'static str) -> *const c_char {
    c_str(match code {
        0 => "ok\0",
        _ => Reason::from_code(code).map_or("unknown\0", text),
    })
}

/// The machine name of a skip reason, NUL-terminated: the meaning of `attestor_slot_info.skipped[index]`.
/// "unknown" past the last one.
///
/// Lifetime: for the life of the process. Threads: any. Allocates: never.
#[unsafe(no_mangle)]
pub extern "C" fn attestor_skip_slug(index: u32) -> *const c_char {
    boundary(c_str("unknown\0"), || {
        c_str(Skip::ALL.get(index as usize).map_or("unknown\0", |skip| skip.slug_nul()))
    })
}
