//! `attestor_ask`: a question and its whole answer in one crossing, for callers to whom crossings are dear.

use super::boundary::{boundary, required, status};
use super::result::attestor_result;
use super::structs::{Sized32, read_struct};
use super::types::{attestor_error, attestor_status};
use super::verifier::{Judge, attestor_request, attestor_verifier, read_credential, read_request};
use crate::request::Request;
use crate::result::Verified;
use crate::verdict::{Class, Reason};
use crate::verifier::Verifier;
use core::mem::MaybeUninit;

/// `attestor_question.flags`: judge an admission, as `attestor_admit`.
pub const ATTESTOR_ASK_ADMISSION: u32 = 1;
/// `attestor_question.flags`: refresh and judge again, as `attestor_verify_refreshing`: the only question that calls
/// back.
pub const ATTESTOR_ASK_REFRESHING: u32 = 2;
/// `attestor_question.flags`: the evidence is part of the answer.
pub const ATTESTOR_ASK_EVIDENCE: u32 = 4;

/// The texts of an answer: the workload's identity; see `attestor_summary` for these eight.
pub const ATTESTOR_TEXT_IDENTITY: u32 = 0;
/// The identity without what the attestor puts before it.
pub const ATTESTOR_TEXT_SUBJECT: u32 = 1;
/// The identity's trust domain.
pub const ATTESTOR_TEXT_TRUST_DOMAIN: u32 = 2;
/// The canonical issuer.
pub const ATTESTOR_TEXT_ISSUER: u32 = 3;
/// As what the workload enters.
pub const ATTESTOR_TEXT_INTERNAL_IDENTITY: u32 = 4;
/// The attestor that judged; of a refusal too.
pub const ATTESTOR_TEXT_ATTESTOR_ID: u32 = 5;
/// The thumbprint of the key that verified.
pub const ATTESTOR_TEXT_KEY_THUMBPRINT: u32 = 6;
/// The thumbprint of the passport's key.
pub const ATTESTOR_TEXT_PASSPORT_THUMBPRINT: u32 = 7;
/// The first of `attestor_answer.policies` policies. The evidence follows the last.
pub const ATTESTOR_TEXT_POLICIES: u32 = 8;

const FLAGS: u32 = ATTESTOR_ASK_ADMISSION | ATTESTOR_ASK_REFRESHING | ATTESTOR_ASK_EVIDENCE;

/// What `attestor_ask` is asked beside the credential, reusable as it stands. Initialize with ATTESTOR_QUESTION_INIT.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_question {
    /// `sizeof(attestor_question)`.
    pub struct_size: u32,
    /// ATTESTOR_ASK_*.
    pub flags: u32,
    /// Unix seconds, or ATTESTOR_NOW, as of a request.
    pub now: i64,
    /// Storage to work in.
    pub result: *mut attestor_result,
    /// What a request holds beside `credential` and `now`, which are not looked at in it; may be NULL.
    pub request: *const attestor_request,
    /// Where the answer goes, texts and all.
    pub answer: *mut attestor_answer,
    /// Bytes there, at least `sizeof(attestor_answer)`.
    pub room: usize,
}

// SAFETY: repr(C), integers and pointers, the size first.
unsafe impl Sized32 for attestor_question {}

/// The head of an answer; its texts follow it in the same block. See `attestor_summary` for the members of a verdict.
///
/// At `ends_at` there are `texts` numbers of 32 bits: where each text ends, in bytes from `texts_at`. A NUL byte follows
/// each text, and then the next one begins; a text may hold a NUL of its own, as JSON can. The texts are ATTESTOR_TEXT_*
/// in that order, the policies, and the evidence, each empty where there is none; a refusal has the attestor and the
/// evidence only. Later versions make this head longer, and add texts behind the last.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct attestor_answer {
    /// Bytes of the whole answer; of one that did not fit, the bytes that it needs.
    pub size: u32,
    /// The verdict.
    pub code: attestor_status,
    /// ATTESTOR_CLASS_* of the verdict.
    pub verdict_class: i32,
    /// ATTESTOR_AUTHENTICATED, ATTESTOR_LOCAL and the other flags of a summary.
    pub flags: u32,
    /// Unix seconds; the credential's own expiry.
    pub expires_at: i64,
    /// ATTESTOR_CREDENTIAL_*.
    pub credential_kind: u32,
    /// What the shadow policy would have said.
    pub shadow_code: attestor_status,
    /// How many policies the mapping grants.
    pub policies: u32,
    /// How many texts there are.
    pub texts: u32,
    /// Where the ends of the texts stand, in bytes from the start of the answer.
    pub ends_at: u32,
    /// Where the texts begin, in bytes from the start of the answer.
    pub texts_at: u32,
}

const HEAD: usize = size_of::<attestor_answer>();
const HEAD_LEN: u32 = 48;
const END: usize = size_of::<u32>();
const NAMED: usize = ATTESTOR_TEXT_POLICIES as usize;

const EMPTY: attestor_answer = attestor_answer {
    size: HEAD_LEN,
    code: 0,
    verdict_class: 0,
    flags: 0,
    expires_at: 0,
    credential_kind: 0,
    shadow_code: 0,
    policies: 0,
    texts: 0,
    ends_at: HEAD_LEN,
    texts_at: HEAD_LEN,
};

const _: () = assert!(size_of::<attestor_question>() == 16 + 4 * size_of::<*const u8>());
const _: () = assert!(HEAD == HEAD_LEN as usize && END == 4);

/// Judges one credential as `attestor_verify` or its kin by `flags` do, and writes the whole answer.
///
/// For callers to whom a crossing is dear: nothing is left to be read from the result, which is cleared as by
/// `attestor_result_clear`.
/// Returns: as `attestor_verify`; an ATTESTOR_BUFFER_TOO_SMALL is no verdict: its answer has nothing but `size`, and
/// `attestor_result_answer` then gives the whole one. The answer is written whatever the outcome.
/// Threads: `verifier` any, `result` and `answer` one at a time. Calls back only with ATTESTOR_ASK_REFRESHING.
/// Allocates: as `attestor_verify`, and the evidence.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_ask(
    verifier: Option<&attestor_verifier>,
    question: *const attestor_question,
    credential: *const u8,
    credential_len: usize,
) -> attestor_status {
    boundary(Reason::InternalError.code(), || {
        // SAFETY: the header's contract.
        unsafe { ask(verifier, question, credential, credential_len) }.map_or_else(Reason::code, |()| 0)
    })
}

/// Writes the answer of the last verdict, of `attestor_verify` and its kin or of an `attestor_ask` that did not fit.
///
/// `flags` is ATTESTOR_ASK_EVIDENCE or 0; `answer` and `room` are as in a question. `err` may be NULL.
/// Returns: ATTESTOR_OK, whatever the verdict; ATTESTOR_BUFFER_TOO_SMALL (the answer has nothing but `size`),
/// ATTESTOR_NOT_VERIFIED, ATTESTOR_OPTION_UNSUPPORTED.
/// Threads: any, while no verification uses the result. Allocates: the evidence.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn attestor_result_answer(
    result: Option<&attestor_result>,
    flags: u32,
    answer: *mut attestor_answer,
    room: usize,
    err: *mut attestor_error,
) -> attestor_status {
    status(err, || {
        // SAFETY: the header asks for a writable buffer.
        let block = unsafe { block(answer, room) }?;
        begin(block, Reason::NotVerified, EMPTY.size);
        let result = required(result)?;
        if flags & !ATTESTOR_ASK_EVIDENCE != 0 {
            return Err(Reason::OptionUnsupported.into());
        }
        result.check_verified()?;
        Ok(result.write_answer(flags, block)?)
    })
}

/// SAFETY: `question` is NULL or as the header describes it, the credential a readable (pointer, length) pair.
unsafe fn ask(
    verifier: Option<&attestor_verifier>,
    question: *const attestor_question,
    credential: *const u8,
    credential_len: usize,
) -> Result<(), Reason> {
    // SAFETY: the caller's contract.
    let question = required(unsafe { read_struct(question) }?)?;
    // SAFETY: the caller's contract: a writable buffer, and a live handle that nobody else uses.
    let (block, result) = unsafe { (block(question.answer, question.room)?, question.result.as_mut()) };
    begin(block, Reason::NotVerified, EMPTY.size);
    let result = required(result)?;
    // SAFETY: the caller's contract.
    let asked =
        unsafe { read(verifier, &question, credential, credential_len) }.inspect_err(|_| result.clear());
    let verdict = asked.and_then(|(verifier, request, judge)| {
        // It clears the result first.
        judge(verifier, &request, &mut result.inner).map(|_| ()).map_err(|rejected| rejected.reason)
    });
    result.note(verdict);
    result.write_answer(question.flags, block)?;
    result.clear();
    verdict
}

/// SAFETY: the pointers of `question` are as the header describes them, the credential a readable pair, for `'a`.
unsafe fn read<'a>(
    verifier: Option<&'a attestor_verifier>,
    question: &attestor_question,
    credential: *const u8,
    credential_len: usize,
) -> Result<(&'a Verifier, Request<'a>, Judge), Reason> {
    let verifier = required(verifier)?;
    if question.flags & !FLAGS != 0 {
        return Err(Reason::OptionUnsupported);
    }
    // SAFETY: the caller's contract.
    let request = match unsafe { read_struct(question.request) }? {
        // SAFETY: the caller's contract.
        None => unsafe { read_credential(credential, credential_len, question.now) }?,
        Some(mut request) => {
            (request.now, request.credential, request.credential_len) =
                (question.now, credential, credential_len);
            // SAFETY: the caller's contract.
            unsafe { read_request(&request) }?
        }
    };
    let admission = question.flags & ATTESTOR_ASK_ADMISSION != 0;
    let judge: Judge = match (admission, question.flags & ATTESTOR_ASK_REFRESHING != 0) {
        (false, false) => Verifier::verify,
        (true, false) => Verifier::admit,
        (false, true) => Verifier::verify_refreshing,
        (true, true) => Verifier::admit_refreshing,
    };
    Ok((&verifier.inner, request, judge))
}

/// What an answer is written into: memory of the caller, of which nothing is read.
type Block = [MaybeUninit<u8>];

/// SAFETY: `answer` is NULL or writable for `room` bytes, for `'a`.
unsafe fn block<'a>(answer: *mut attestor_answer, room: usize) -> Result<&'a mut Block, Reason> {
    if answer.is_null() || room < HEAD || room > isize::MAX as usize {
        return Err(Reason::ArgumentInvalid);
    }
    // SAFETY: not NULL, and not more than the caller vouches for.
    Ok(unsafe { core::slice::from_raw_parts_mut(answer.cast(), room) })
}

/// Writes bytes, none of them if there is no room for all.
fn put(block: &mut Block, at: usize, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    if let Some(room) = block.get_mut(at..).and_then(|rest| rest.get_mut(..bytes.len())) {
        // SAFETY: as many bytes as there is room for, which is borrowed and so is not theirs.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), room.as_mut_ptr().cast(), bytes.len()) };
    }
}

fn put_head(block: &mut Block, head: &attestor_answer) {
    let head = core::ptr::from_ref(head).cast::<u8>();
    // SAFETY: integers without gaps between them, as is asserted above: every byte is one.
    put(block, 0, unsafe { core::slice::from_raw_parts(head, HEAD) });
}

/// Writes an answer that has only a size: whoever reads it sees no allow.
fn begin(block: &mut Block, reason: Reason, size: u32) {
    let (code, verdict_class) = (reason.code(), Class::Misuse as i32);
    put_head(block, &attestor_answer { size, code, verdict_class, ..EMPTY });
}

impl attestor_result {
    /// Writes all that there is of the verdict, or nothing of it.
    fn write_answer(&self, flags: u32, block: &mut Block) -> Result<(), Reason> {
        let mut evidence = String::new();
        if flags & ATTESTOR_ASK_EVIDENCE != 0 {
            self.inner.write_evidence(&mut evidence);
        }
        let verified = self.inner.verified();
        let mut head = self.head(verified.as_ref())?;
        let named = named_texts(verified.as_ref(), self.inner.attestor_id());
        let texts = || named.into_iter().chain(self.inner.policies()).chain([&*evidence]);
        let size = texts().fold(head.texts_at as usize, |size, text| size + text.len() + 1);
        head.size = length(size)?;
        let Some(behind) = block.get_mut(HEAD..size) else {
            begin(block, Reason::BufferTooSmall, head.size);
            return Err(Reason::BufferTooSmall);
        };
        let (ends, room) = behind.split_at_mut(END * head.texts as usize);
        let (mut ends, mut at) = (ends.chunks_exact_mut(END), 0);
        texts().try_for_each(|text| {
            put(room, at, text.as_bytes());
            at += text.len();
            put(ends.next().unwrap_or_default(), 0, &length(at)?.to_ne_bytes());
            put(room, at, &[0]);
            at += 1;
            Ok::<_, Reason>(())
        })?;
        put_head(block, &head);
        Ok(())
    }

    /// The head of its answer, but for the size.
    fn head(&self, verified: Option<&Verified<'_>>) -> Result<attestor_answer, Reason> {
        let policies = length(self.inner.policies().count())?;
        let texts = policies.saturating_add(ATTESTOR_TEXT_POLICIES + 1);
        Ok(attestor_answer {
            code: self.code(),
            verdict_class: self.inner.class() as i32,
            flags: self.flags(verified),
            expires_at: verified.map_or(0, |verified| verified.expires_at),
            credential_kind: self.inner.credential_kind() as u32,
            shadow_code: self.shadow_code(),
            policies,
            texts,
            texts_at: length(HEAD + END * texts as usize)?,
            ..EMPTY
        })
    }
}

/// In the order of ATTESTOR_TEXT_*.
fn named_texts<'a>(verified: Option<&Verified<'a>>, attestor_id: Option<&'a str>) -> [&'a str; NAMED] {
    let mut texts = [""; NAMED];
    if let Some(verified) = verified {
        texts[ATTESTOR_TEXT_IDENTITY as usize] = verified.identity;
        texts[ATTESTOR_TEXT_SUBJECT as usize] = verified.subject;
        texts[ATTESTOR_TEXT_TRUST_DOMAIN as usize] = verified.trust_domain.unwrap_or_default();
        texts[ATTESTOR_TEXT_ISSUER as usize] = verified.issuer.unwrap_or_default();
        texts[ATTESTOR_TEXT_INTERNAL_IDENTITY as usize] = verified.internal_identity.unwrap_or_default();
        texts[ATTESTOR_TEXT_KEY_THUMBPRINT as usize] = verified.key_thumbprint;
        texts[ATTESTOR_TEXT_PASSPORT_THUMBPRINT as usize] = verified.passport_thumbprint.unwrap_or_default();
    }
    texts[ATTESTOR_TEXT_ATTESTOR_ID as usize] = attestor_id.unwrap_or_default();
    texts
}

/// A number of bytes or policies as an answer has it; both are far from the limit.
fn length(n: usize) -> Result<u32, Reason> {
    u32::try_from(n).map_err(|_| Reason::InternalError)
}
