//! `attestor_receipt`: one line of a receipt log.

use super::boundary::{bytes, check_buffer, required, status, text, write_bytes, write_out};
use super::store::now;
use super::structs::{Sized32, read_struct};
use super::types::{attestor_error, attestor_status, attestor_str};
use crate::receipt::{Head, MAX_HOST, MAX_LINE, Receipt, head_of};
use crate::verdict::Reason;
use core::ffi::c_char;

const MAX_EVENT: usize = 64;
const MAX_KEY: usize = 4096;

/// A member of a receipt's `host`: a name of a-z 0-9 _ and a UTF-8 text.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_receipt_field {
    /// 1 to 64 bytes.
    pub name: attestor_str,
    /// May be empty; NULL is empty.
    pub value: attestor_str,
}

/// One line of a receipt log (docs/receipts.md). Initialize with ATTESTOR_RECEIPT_INIT. The pointers are read
/// before the call returns.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_receipt {
    /// `sizeof(attestor_receipt)`.
    pub struct_size: u32,
    /// Must be 0.
    pub flags: u32,
    /// The line's number: 1 for the first of a log, then one more than the line before.
    pub seq: u64,
    /// When it happened: Unix seconds, or ATTESTOR_NOW.
    pub at: i64,
    /// The digest of the line before, from attestor_receipt_head; zeros for the first line of a log.
    pub prev: [u8; 32],
    /// What happened: 1 to 64 of a-z 0-9 . _ -
    pub event: *const c_char,
    /// Bytes of the event.
    pub event_len: usize,
    /// The evidence as attestor_result_evidence wrote it; NULL if the event is none of a verdict.
    pub evidence: *const u8,
    /// Bytes of the evidence.
    pub evidence_len: usize,
    /// What only the host knows, in any order, no name twice; at most 64. May be NULL.
    pub host: *const attestor_receipt_field,
    /// Members of `host`.
    pub host_count: usize,
    /// Adds a `mac` under this key, 16 to 4096 bytes; NULL for none.
    pub key: *const u8,
    /// Bytes of the key.
    pub key_len: usize,
}

// SAFETY: repr(C), integers and pointers, the size first.
unsafe impl Sized32 for attestor_receipt {}

const _: () = assert!(size_of::<attestor_receipt_field>() == 4 * size_of::<usize>());
const _: () = assert!(size_of::<attestor_receipt>() == 56 + 4 * size_of::<attestor_str>());

/// Writes one line of a receipt log, without its newline, into the caller's buffer.
///
/// `buf` may be NULL if `cap` is 0, to ask for the size: then ATTESTOR_BUFFER_TOO_SMALL and `*len_out`. `err` may
/// be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_BUFFER_TOO_SMALL (`*len_out` is the needed size), ATTESTOR_ARGUMENT_INVALID
/// (`err->detail` names the member), ATTESTOR_CLOCK_INVALID.
/// Threads: any. Allocates: yes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_receipt_write(
    receipt: *const attestor_receipt,
    buf: *mut u8,
    cap: usize,
    len_out: *mut usize,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header asks for NULL or a structure that starts with its size.
        let receipt = required(unsafe { read_struct(receipt) }?)?;
        if receipt.flags != 0 {
            return Err(Reason::OptionUnsupported.into());
        }
        check_buffer(buf, cap, len_out)?;
        // SAFETY: the header asks for readable (pointer, length) pairs.
        let (event, evidence, key, host) = unsafe {
            (
                text(receipt.event, receipt.event_len, MAX_EVENT)?,
                text(receipt.evidence.cast(), receipt.evidence_len, MAX_LINE)?,
                bytes(receipt.key, receipt.key_len, MAX_KEY)?,
                fields(receipt.host, receipt.host_count)?,
            )
        };
        let seq = receipt.seq.checked_sub(1).ok_or(Reason::ArgumentInvalid)?;
        if key.len() > MAX_KEY {
            return Err(Reason::ArgumentInvalid.into());
        }
        let receipt = Receipt {
            after: Head { seq, digest: receipt.prev },
            at: now(receipt.at).resolve()?,
            event,
            evidence,
            host: &host,
            key: (!receipt.key.is_null()).then_some(key),
        };
        let mut line = String::new();
        receipt.write(&mut line)?;
        // SAFETY: the header asks for a writable buffer and pointer.
        Ok(unsafe { write_bytes(line.as_bytes(), buf, cap, len_out) }?)
    })
}

/// SAFETY: `host` is NULL or `count` fields, each of readable (pointer, length) pairs.
unsafe fn fields<'a>(
    host: *const attestor_receipt_field,
    count: usize,
) -> Result<Vec<(&'a str, &'a str)>, Reason> {
    if count > MAX_HOST || (host.is_null() && count > 0) {
        return Err(Reason::ArgumentInvalid);
    }
    let mut fields = Vec::with_capacity(count);
    for at in 0..count {
        // SAFETY: one of `count` fields.
        let field = unsafe { host.add(at).read_unaligned() };
        // SAFETY: passed on.
        let pair = unsafe {
            (
                text(field.name.ptr, field.name.len, MAX_LINE)?,
                text(field.value.ptr, field.value.len, MAX_LINE)?,
            )
        };
        fields.push(pair);
    }
    Ok(fields)
}

/// Checks that one line, without its newline, is a receipt, and gives the head it makes: its number, and the digest
/// that the next line has as `prev`. For a writer that opens its log again; what the line follows is not checked.
///
/// `digest` has room for 32 bytes. `err` may be NULL.
/// Returns: ATTESTOR_OK, ATTESTOR_RECEIPT_INVALID (`err->detail` says why).
/// Threads: any. Allocates: yes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_receipt_head(
    line: *const u8,
    line_len: usize,
    seq: *mut u64,
    digest: *mut u8,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        if seq.is_null() || digest.is_null() {
            return Err(Reason::ArgumentInvalid.into());
        }
        // SAFETY: the header asks for a readable (pointer, length) pair.
        let head = head_of(unsafe { bytes(line, line_len, MAX_LINE) }?)?;
        // SAFETY: not NULL; the header asks for 32 writable bytes.
        unsafe { core::ptr::copy_nonoverlapping(head.digest.as_ptr(), digest, head.digest.len()) };
        // SAFETY: the header asks for a writable pointer.
        Ok(unsafe { write_out(seq, head.seq) }?)
    })
}
