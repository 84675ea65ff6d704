/* attestor.h - decide offline, in process, whether a workload is what it claims to be.
 *
 * Generated from src/ffi by `make generate`; do not edit.
 *
 * The nouns
 *   attestor_store     the bundle cache: sources, each with slots of keys       shared
 *   attestor_verifier  a store and a policy                                     shared
 *   attestor_request   one question, on the caller's stack                      plain
 *   attestor_result    storage of one verdict, made once and reused             local
 *   attestor_question  what attestor_ask is asked, reusable                     plain
 *   attestor_answer    the verdict with all its texts, in the caller's memory   plain
 *   attestor_source    a callback that fetches a source's material              plain
 *   attestor_sink      where the callback puts it                               its own
 *   attestor_receipt   one line of a receipt log, on the caller's stack         plain
 *
 * Conventions
 *   Status     Every fallible function returns an attestor_status. ATTESTOR_OK (0) is the only acceptance;
 *              1-99 misuse or misconfiguration, 1000-1999 deny, 2000-2099 unavailable.
 *   Threads    const means concurrent: calls that take a handle by const pointer may run at the same time,
 *              others need the handle alone. Shared handles are the exception: changes to them (put, touch,
 *              remove, withdraw, set_source, refresh, restore, allow_publishing, deny, lift, set_policy) and
 *              _ref take any number of threads too, and no reader ever waits for a change.
 *              After fork, the child may verify; to change anything it makes handles of its own.
 *   Callbacks  run only inside attestor_store_refresh, attestor_store_refresh_source, attestor_verify_refreshing,
 *              attestor_admit_refreshing and attestor_ask with ATTESTOR_ASK_REFRESHING, on the calling thread, with
 *              no lock held; `drop` of a callback also inside what makes the store let go of it. A callback may call attestor, but a refresh of its own
 *              store is ATTESTOR_REFRESH_REENTRANT. It must not unwind, throw or longjmp out of itself, keep its
 *              sink, use the sink on another thread, or give up the last reference to a handle in use: all of
 *              these are undefined. attestor_verify, attestor_admit and other questions never call back.
 *   Memory     What attestor makes, attestor frees. `_free(NULL)` does nothing. No caller pointer is kept.
 *   Inputs     (pointer, length) pairs: text as const char *, bytes from outside as const uint8_t *.
 *              (NULL, 0) is an empty input; (NULL, n) is ATTESTOR_ARGUMENT_INVALID. Lengths over a limit
 *              are refused before the bytes are read.
 *   NULL       A pointer that may be NULL is said to be; any other NULL is ATTESTOR_ARGUMENT_INVALID.
 *   Outputs    Written on ATTESTOR_OK only, except where a function says otherwise.
 *   Structures start with their own size: use the _INIT macros. Members are only ever appended. A shorter
 *              structure (an older caller) counts as extended with zeros, a longer one must end in zeros, else
 *              ATTESTOR_OPTION_UNSUPPORTED; a size below 4 or above 4096 is ATTESTOR_ARGUMENT_INVALID.
 *              Zero is the default of every member but the `now` of a request or question.
 *   Limits     Credential 64 KiB (a policy sets less), bundle and policy document 1 MiB, bundle map 16 MiB,
 *              source name and denied value 2048 bytes, attestor id 64 bytes, 100000 denials, snapshot 1 GiB.
 *   Errors     attestor_error is optional, in the caller's memory, and holds no bytes of a credential.
 *   Panics     No panic crosses this boundary: it becomes ATTESTOR_INTERNAL_ERROR, and nothing is allowed.
 *              Rust's own hook may print where it happened to standard error, never what the input was.
 *   The library starts no thread, does no I/O, reads no environment, keeps no global state.
 */

#ifndef ATTESTOR_H
#define ATTESTOR_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef ATTESTOR_API
#  if defined(_WIN32) && defined(ATTESTOR_SHARED)
#    define ATTESTOR_API __declspec(dllimport)
#  else
#    define ATTESTOR_API
#  endif
#endif

#ifndef ATTESTOR_MUST_USE
#  if defined(__GNUC__) || defined(__clang__)
#    define ATTESTOR_MUST_USE __attribute__((warn_unused_result))
#  else
#    define ATTESTOR_MUST_USE
#  endif
#endif

#define ATTESTOR_VERSION_MAJOR 0
#define ATTESTOR_VERSION_MINOR 1
#define ATTESTOR_VERSION_PATCH 0
#define ATTESTOR_VERSION_HEX 0x00000100u
#define ATTESTOR_VERSION_STRING "0.1.0"

/* Statuses; docs/reasons.md says what each means. */
#define ATTESTOR_OK 0
#define ATTESTOR_INTERNAL_ERROR 1
#define ATTESTOR_ARGUMENT_INVALID 2
#define ATTESTOR_CONFIG_INVALID 3
#define ATTESTOR_OPTION_UNSUPPORTED 4
#define ATTESTOR_BUFFER_TOO_SMALL 5
#define ATTESTOR_NOT_VERIFIED 6
#define ATTESTOR_CLOCK_INVALID 7
#define ATTESTOR_ATTESTOR_UNKNOWN 8
#define ATTESTOR_STORE_POISONED 9
#define ATTESTOR_HANDLE_CLOSED 10
#define ATTESTOR_SOURCE_NAME_INVALID 20
#define ATTESTOR_FORMAT_UNSUPPORTED 21
#define ATTESTOR_BUNDLE_MALFORMED 22
#define ATTESTOR_BUNDLE_PRIVATE_KEY 23
#define ATTESTOR_NO_USABLE_KEYS 24
#define ATTESTOR_TRUST_DOMAIN_MISMATCH 25
#define ATTESTOR_BUNDLE_ROLLBACK 26
#define ATTESTOR_BUNDLE_DUPLICATE_TRUST_DOMAIN 27
#define ATTESTOR_OVERLAY_FULL 28
#define ATTESTOR_RECEIPT_INVALID 29
#define ATTESTOR_BUNDLE_REKEYED 30
#define ATTESTOR_BUNDLE_REPLACED 31
#define ATTESTOR_CALLBACK_FAILED 32
#define ATTESTOR_REFRESH_REENTRANT 33
#define ATTESTOR_REFRESH_BUSY 34
#define ATTESTOR_FEED_REPLACED 35
#define ATTESTOR_SNAPSHOT_INVALID 36
#define ATTESTOR_SOURCE_NOT_PUBLISHED 37
#define ATTESTOR_INPUT_TOO_LARGE 1000
#define ATTESTOR_MALFORMED_TOKEN 1001
#define ATTESTOR_TOKEN_ENCRYPTED 1002
#define ATTESTOR_JSON_SERIALIZATION_REJECTED 1003
#define ATTESTOR_INVALID_BASE64URL 1004
#define ATTESTOR_INVALID_UTF8 1005
#define ATTESTOR_INVALID_JSON 1006
#define ATTESTOR_JSON_DUPLICATE_MEMBER 1007
#define ATTESTOR_JSON_TOO_DEEP 1008
#define ATTESTOR_HEADER_PARAM_FORBIDDEN 1100
#define ATTESTOR_HEADER_PARAM_INVALID 1101
#define ATTESTOR_CRIT_UNSUPPORTED 1102
#define ATTESTOR_B64_FORBIDDEN 1103
#define ATTESTOR_TYP_MISMATCH 1104
#define ATTESTOR_ALG_MISSING 1105
#define ATTESTOR_ALG_NOT_ALLOWED 1106
#define ATTESTOR_ALG_KEY_MISMATCH 1107
#define ATTESTOR_KID_MISSING 1108
#define ATTESTOR_KID_NOT_FOUND 1109
#define ATTESTOR_KEY_INVALID 1110
#define ATTESTOR_KEY_TOO_WEAK 1111
#define ATTESTOR_SIGNATURE_MALFORMED 1200
#define ATTESTOR_SIGNATURE_INVALID 1201
#define ATTESTOR_POP_REQUIRED 1202
#define ATTESTOR_CNF_INVALID 1203
#define ATTESTOR_NUMERIC_DATE_INVALID 1300
#define ATTESTOR_TOKEN_EXPIRED 1301
#define ATTESTOR_TOKEN_NOT_YET_VALID 1302
#define ATTESTOR_ISSUED_IN_FUTURE 1303
#define ATTESTOR_LIFETIME_TOO_LONG 1304
#define ATTESTOR_CLAIM_MISSING 1400
#define ATTESTOR_CLAIM_TYPE_INVALID 1401
#define ATTESTOR_AUDIENCE_MISSING 1402
#define ATTESTOR_AUDIENCE_MISMATCH 1403
#define ATTESTOR_ISSUER_UNKNOWN 1404
#define ATTESTOR_AUDIENCE_UNTRUSTED_EXTRA 1405
#define ATTESTOR_TOKEN_CLASS_MISMATCH 1406
#define ATTESTOR_AZP_MISSING 1407
#define ATTESTOR_AZP_MISMATCH 1408
#define ATTESTOR_NONCE_MISSING 1409
#define ATTESTOR_NONCE_MISMATCH 1410
#define ATTESTOR_AUTH_TIME_MISSING 1411
#define ATTESTOR_AUTH_TOO_OLD 1412
#define ATTESTOR_AT_HASH_MISMATCH 1413
#define ATTESTOR_ISSUER_MISMATCH 1414
#define ATTESTOR_TENANT_MISMATCH 1415
#define ATTESTOR_SUBJECT_INCONSISTENT 1416
#define ATTESTOR_TRUST_DOMAIN_UNKNOWN 1500
#define ATTESTOR_SPIFFE_ID_EMPTY 1501
#define ATTESTOR_SPIFFE_ID_WRONG_SCHEME 1502
#define ATTESTOR_SPIFFE_ID_MISSING_TRUST_DOMAIN 1503
#define ATTESTOR_SPIFFE_ID_BAD_TRUST_DOMAIN_CHAR 1504
#define ATTESTOR_SPIFFE_ID_TRUST_DOMAIN_TOO_LONG 1505
#define ATTESTOR_SPIFFE_ID_BAD_PATH_CHAR 1506
#define ATTESTOR_SPIFFE_ID_EMPTY_SEGMENT 1507
#define ATTESTOR_SPIFFE_ID_DOT_SEGMENT 1508
#define ATTESTOR_SPIFFE_ID_TRAILING_SLASH 1509
#define ATTESTOR_SPIFFE_ID_TOO_LONG 1510
#define ATTESTOR_SPIFFE_ID_PATH_REQUIRED 1511
#define ATTESTOR_CERT_MALFORMED 1600
#define ATTESTOR_CHAIN_EMPTY 1601
#define ATTESTOR_CHAIN_TOO_LONG 1602
#define ATTESTOR_LEAF_IS_CA 1603
#define ATTESTOR_LEAF_KEY_USAGE_FORBIDDEN 1604
#define ATTESTOR_LEAF_DIGITAL_SIGNATURE_MISSING 1605
#define ATTESTOR_EKU_MISMATCH 1606
#define ATTESTOR_URI_SAN_MISSING 1607
#define ATTESTOR_URI_SAN_MULTIPLE 1608
#define ATTESTOR_ISSUER_NOT_CA 1609
#define ATTESTOR_PATH_LEN_EXCEEDED 1610
#define ATTESTOR_NAME_CONSTRAINT_VIOLATION 1611
#define ATTESTOR_NAME_CONSTRAINT_UNSUPPORTED 1612
#define ATTESTOR_CRITICAL_EXTENSION_UNSUPPORTED 1613
#define ATTESTOR_CERT_EXPIRED 1614
#define ATTESTOR_CERT_NOT_YET_VALID 1615
#define ATTESTOR_CERT_ALG_NOT_ALLOWED 1616
#define ATTESTOR_CERT_REVOKED 1617
#define ATTESTOR_CHAIN_UNTRUSTED 1618
#define ATTESTOR_BUDGET_EXCEEDED 1619
#define ATTESTOR_NOT_ALLOWED 1700
#define ATTESTOR_NOT_MAPPED 1701
#define ATTESTOR_OVERLAY_DENIED 1702
#define ATTESTOR_KEY_UNTRUSTED 1703
#define ATTESTOR_BUNDLE_UNAVAILABLE 2000
#define ATTESTOR_BUNDLE_STALE 2001


// The version of the ABI this header describes; equal to `attestor_abi()` of a library it fits.
#define ATTESTOR_ABI 1

// Classes of a status, as `attestor_status_class` gives them.
#define ATTESTOR_CLASS_ALLOW 0

// The credential is refused.
#define ATTESTOR_CLASS_DENY 1

// Our own trust material is missing or too old.
#define ATTESTOR_CLASS_UNAVAILABLE 2

// A programming or configuration error of the host.
#define ATTESTOR_CLASS_MISUSE 3

// A source named by a trust domain: slots jwt and x509.
#define ATTESTOR_SOURCE_TRUST_DOMAIN 1

// A source named by a token issuer: slot jwt.
#define ATTESTOR_SOURCE_ISSUER 2

// A SPIFFE bundle document: each entry's `use` decides; feeds both slots.
#define ATTESTOR_FORMAT_SPIFFE_BUNDLE 1

// A JWT bundle as the Workload API gives it: `use` absent or `jwt-svid`; feeds the jwt slot.
#define ATTESTOR_FORMAT_WORKLOAD_API_JWKS 2

// A plain key set: `use` absent, `sig` or `jwt-svid`; feeds the jwt slot of an issuer or trust domain.
#define ATTESTOR_FORMAT_JWKS 3

// PEM `PUBLIC KEY` blocks, the `kid` of each its thumbprint; feeds the jwt slot of an issuer or trust domain.
#define ATTESTOR_FORMAT_PUBLIC_KEY_PEM 4

// PEM `CERTIFICATE` blocks; feeds the x509 slot.
#define ATTESTOR_FORMAT_X509_PEM 5

// DER certificates one after the other; feeds the x509 slot.
#define ATTESTOR_FORMAT_X509_DER 6

// A SPIFFE bundle map: the bundles of all trust domains of a feed. Put as the trust domain of the empty name.
#define ATTESTOR_FORMAT_BUNDLE_MAP 7

// DER revocation lists one after the other; feeds the CRL slot of a trust domain. An empty document clears it.
#define ATTESTOR_FORMAT_X509_CRL 8

// `attestor_put_options.flags`: take the update whatever the rotation gate says.
#define ATTESTOR_PUT_FORCE 1

// `attestor_put_options.flags`: the material does not age: a file that an operator keeps.
#define ATTESTOR_PUT_PERMANENT 2

// `attestor_store_options.gate_*`: nothing is done.
#define ATTESTOR_GATE_OFF 1

// `attestor_store_options.gate_*`: the update is taken, and the slot says so.
#define ATTESTOR_GATE_WARN 2

// `attestor_store_options.gate_*`: removals are taken, additions are not, and the put says why.
#define ATTESTOR_GATE_HOLD 3

// `attestor_store_options.flags`: no AVX-512 IFMA, whatever the processor has; the verdicts are the same.
#define ATTESTOR_STORE_NO_IFMA 1

// `attestor_store_options.key_tables`: no key gets a table.
#define ATTESTOR_KEY_TABLES_OFF 1

// `attestor_store_options.key_tables`: a key gets its table when it has proven busy.
#define ATTESTOR_KEY_TABLES_AUTO 2

// `attestor_store_options.key_tables`: every key gets its table when it is put.
#define ATTESTOR_KEY_TABLES_AT_LOAD 3

// `now`: read the system clock. Other values are Unix seconds and must be positive.
#define ATTESTOR_NOW INT64_MIN

// The slot of keys that verify JWTs.
#define ATTESTOR_SLOT_JWT 1

// The slot of X.509 authorities.
#define ATTESTOR_SLOT_X509 2

// The slot of X.509 revocation lists.
#define ATTESTOR_SLOT_CRL 3

// `attestor_slot_info.flags`: `sequence` is set.
#define ATTESTOR_SLOT_HAS_SEQUENCE 1

// `attestor_slot_info.flags`: `refresh_hint` is set.
#define ATTESTOR_SLOT_HAS_REFRESH_HINT 2

// `attestor_slot_info.flags`: `soft_age_secs` is set.
#define ATTESTOR_SLOT_HAS_SOFT_AGE 4

// `attestor_slot_info.flags`: `hard_age_secs` is set.
#define ATTESTOR_SLOT_HAS_HARD_AGE 8

// `attestor_slot_info.flags`: the material is a snapshot's, and no feed has spoken since.
#define ATTESTOR_SLOT_RESTORED 16

// `attestor_slot_info.findings`: `spiffe_sequence` went back.
#define ATTESTOR_FINDING_ROLLBACK 1

// `attestor_slot_info.findings`: a known `kid` has another key.
#define ATTESTOR_FINDING_REKEYED 2

// `attestor_slot_info.findings`: not one key or authority of the slot was in the update.
#define ATTESTOR_FINDING_REPLACED 4

// `jwt_freshness`, `x509_freshness`: within the soft age, or without one. 0 is a slot that nothing has filled.
#define ATTESTOR_FRESH 1

// `jwt_freshness`, `x509_freshness`: past the soft age: still used, a refresh is due.
#define ATTESTOR_DUE 2

// `jwt_freshness`, `x509_freshness`: at the hard age: no longer used.
#define ATTESTOR_STALE 3

// `attestor_source_health.flags`: a callback feeds the source.
#define ATTESTOR_HEALTH_HAS_CALLBACK 1

// `attestor_source_health.flags`: a verification asked for a key that the source does not have, and nobody has fetched
// since.
#define ATTESTOR_HEALTH_WANTED 2

// `attestor_source_health.flags`: a callback is fetching the source.
#define ATTESTOR_HEALTH_IN_FLIGHT 4

// `attestor_source_health.flags`: the last update had nothing usable in it, and nothing has succeeded since.
#define ATTESTOR_HEALTH_EMPTY_UPDATE 8

// `attestor_source_health.flags`: `now` is before the material was confirmed.
#define ATTESTOR_HEALTH_CLOCK_WENT_BACK 16

// `attestor_deny_entry.kind`: SVIDs of a trust domain.
#define ATTESTOR_DENY_KIND_TRUST_DOMAIN 1

// `attestor_deny_entry.kind`: tokens of an issuer.
#define ATTESTOR_DENY_KIND_ISSUER 2

// `attestor_deny_entry.kind`: passports; their source is `*`.
#define ATTESTOR_DENY_KIND_NATIVE 3

// `attestor_deny_entry.field`: the subject.
#define ATTESTOR_DENY_FIELD_SUB 1

// `attestor_deny_entry.field`: the token's own id.
#define ATTESTOR_DENY_FIELD_JTI 2

// `attestor_deny_entry.field`: the id of the key that verified.
#define ATTESTOR_DENY_FIELD_KID 3

// `attestor_deny_entry.field`: the thumbprint of the key that verified, 43 base64url characters.
#define ATTESTOR_DENY_FIELD_KEY_THUMBPRINT 4

// `attestor_deny_entry.field`: the serial number of a certificate of the path, lower-case hexadecimal without
// leading zeros; of one issuer only if `@` and the SHA-256 of the issuer's DER name follow, in hexadecimal.
#define ATTESTOR_DENY_FIELD_X509_SERIAL 5

// `attestor_deny_entry.field`: the SHA-256 of the public key info of a certificate of the path, 64 characters
// of lower-case hexadecimal.
#define ATTESTOR_DENY_FIELD_SPKI_SHA256 6

// `attestor_deny_entry.field`: the UID of a Kubernetes pod.
#define ATTESTOR_DENY_FIELD_POD_UID 7

// `attestor_summary.flags`: the signature was verified, whatever was decided afterwards.
#define ATTESTOR_AUTHENTICATED 1

// `attestor_summary.flags`: the trust domain is the attestor's `local_trust_domain`.
#define ATTESTOR_LOCAL 2

// `attestor_summary.flags`: the refusal is about the passport, not about the credential beside it.
#define ATTESTOR_ABOUT_PASSPORT 4

// `attestor_summary.flags`: a shadow policy judged too; `shadow_code` is what it said.
#define ATTESTOR_SHADOWED 8

// `attestor_summary.flags`: the bundle that was asked is past its soft age: still used, a refresh is due.
#define ATTESTOR_BUNDLE_DUE 16

// `attestor_summary.flags`: the bundle does not have what the credential names, and this is the first verification
// within the store's cooldown that says so: fetch it again.
#define ATTESTOR_REFRESH_WANTED 32

// `attestor_summary.flags`: the verified-credential cache knew the credential, whatever was decided afterwards: no
// shadow policy was asked.
#define ATTESTOR_FROM_CACHE 64

// `attestor_summary.credential_kind`: a token that no attestor has taken.
#define ATTESTOR_CREDENTIAL_TOKEN 0

// A SPIFFE JWT-SVID.
#define ATTESTOR_CREDENTIAL_JWT_SVID 1

// A SPIFFE X.509-SVID.
#define ATTESTOR_CREDENTIAL_X509_SVID 2

// An OIDC ID or access token.
#define ATTESTOR_CREDENTIAL_OIDC 3

// A native passport, alone.
#define ATTESTOR_CREDENTIAL_PASSPORT 4

// `attestor_request.possession`: the host finished a TLS handshake in which the peer presented the chain.
#define ATTESTOR_POSSESSION_TLS_HANDSHAKE 1

// `attestor_request.possession`: the peer signed `challenge`; `proof` is the signature.
#define ATTESTOR_POSSESSION_SIGNED_CHALLENGE 2

// `attestor_verifier_options.flags`: every credential is verified anew.
#define ATTESTOR_VERIFIER_NO_CACHE 1

// `attestor_verifier_options.flags`: the reference is asked, too, before a signature that a table checked is accepted.
#define ATTESTOR_VERIFIER_DOUBLE_CHECK 2

// Bytes of a possession message.
#define ATTESTOR_POSSESSION_MESSAGE_LEN 188

// `attestor_question.flags`: judge an admission, as `attestor_admit`.
#define ATTESTOR_ASK_ADMISSION 1

// `attestor_question.flags`: refresh and judge again, as `attestor_verify_refreshing`: the only question that calls
// back.
#define ATTESTOR_ASK_REFRESHING 2

// `attestor_question.flags`: the evidence is part of the answer.
#define ATTESTOR_ASK_EVIDENCE 4

// The texts of an answer: the workload's identity; see `attestor_summary` for these eight.
#define ATTESTOR_TEXT_IDENTITY 0

// The identity without what the attestor puts before it.
#define ATTESTOR_TEXT_SUBJECT 1

// The identity's trust domain.
#define ATTESTOR_TEXT_TRUST_DOMAIN 2

// The canonical issuer.
#define ATTESTOR_TEXT_ISSUER 3

// As what the workload enters.
#define ATTESTOR_TEXT_INTERNAL_IDENTITY 4

// The attestor that judged; of a refusal too.
#define ATTESTOR_TEXT_ATTESTOR_ID 5

// The thumbprint of the key that verified.
#define ATTESTOR_TEXT_KEY_THUMBPRINT 6

// The thumbprint of the passport's key.
#define ATTESTOR_TEXT_PASSPORT_THUMBPRINT 7

// The first of `attestor_answer.policies` policies. The evidence follows the last.
#define ATTESTOR_TEXT_POLICIES 8

// `attestor_metrics.flags`: AVX-512 IFMA is used: the processor has it, and the store's options allow it.
#define ATTESTOR_METRICS_IFMA 1

// Storage of one verdict. Local: made once per thread and reused; grows to its high-water mark and stays.
typedef struct attestor_result attestor_result;

// Where a callback puts what it fetched. Valid during the callback only, and on its thread only.
typedef struct attestor_sink attestor_sink;

// The bundle cache. Shared: any number of threads; reference-counted by `_ref` and `_free`.
typedef struct attestor_store attestor_store;

// A store and a policy. Shared: any number of threads; reference-counted by `_ref` and `_free`.
typedef struct attestor_verifier attestor_verifier;

// A status: 0 is the only acceptance. 1-99 misuse or misconfiguration, 1000-1999 deny,
// 2000-2099 unavailable. Codes are append-only.
typedef int32_t attestor_status;

// Options of `attestor_store_new`. Zero is the default of every member.
typedef struct attestor_store_options {
    // `sizeof(attestor_store_options)`.
    uint32_t struct_size;
    // ATTESTOR_STORE_NO_IFMA or 0.
    uint32_t flags;
    // ATTESTOR_GATE_*: what is done about a `spiffe_sequence` that went back; 0 is ATTESTOR_GATE_HOLD.
    uint32_t gate_rollback;
    // ATTESTOR_GATE_*: about a known `kid` that has another key; 0 is ATTESTOR_GATE_HOLD.
    uint32_t gate_rekeyed;
    // ATTESTOR_GATE_*: about all keys replaced at once; 0 is ATTESTOR_GATE_WARN.
    uint32_t gate_replaced;
    // Seconds between two fetches of a source for keys that it did not have; 0 is 10.
    uint32_t cooldown_secs;
    // ATTESTOR_KEY_TABLES_*: which keys get tables, by which signatures are checked faster; 0 is
    // ATTESTOR_KEY_TABLES_AUTO.
    uint32_t key_tables;
    // Must be 0.
    uint32_t reserved;
    // Most bytes of the tables, of which the least recently used go; 0 is 32 MiB.
    uint64_t key_table_bytes;
} attestor_store_options;

// What a failed call reports, in the caller's memory. Initialize with ATTESTOR_ERROR_INIT.
//
// Written by every call that takes it, success included; left alone if `struct_size` is not set. Never holds bytes of a credential; `detail`
// is filled by configuration calls only and names a path and a kind, never a value.
typedef struct attestor_error {
    // `sizeof(attestor_error)`.
    uint32_t struct_size;
    // The status the call returned.
    attestor_status code;
    // NUL-terminated, for the life of the process.
    const char *slug;
    // NUL-terminated, for the life of the process.
    const char *phrase;
    // NUL-terminated; may be empty.
    char detail[256];
    // What a callback returned, of a refresh that failed; else 0.
    int32_t host_code;
    // 0.
    uint32_t reserved;
} attestor_error;

// Options of `attestor_store_put`. Zero is the default of every member.
typedef struct attestor_put_options {
    // `sizeof(attestor_put_options)`.
    uint32_t struct_size;
    // ATTESTOR_PUT_*.
    uint32_t flags;
    // Which feed speaks: a slot belongs to the feed that filled it last.
    uint64_t feed;
    // Seconds for which the host of the document says it may be kept (`Cache-Control: max-age`); 0 if it says nothing.
    uint64_t max_age_secs;
} attestor_put_options;

// What is known of a filled slot.
typedef struct attestor_slot_info {
    // `sizeof(attestor_slot_info)`; set before the call.
    uint32_t struct_size;
    // ATTESTOR_SLOT_HAS_*, ATTESTOR_SLOT_RESTORED.
    uint32_t flags;
    // Counts the store's updates: a higher number is newer. Material that is only confirmed keeps its own.
    uint64_t generation;
    // The feed that filled the slot.
    uint64_t feed;
    // Unix seconds at which the feed last confirmed the material.
    int64_t confirmed_at;
    // `spiffe_sequence` of the document.
    uint64_t sequence;
    // `spiffe_refresh_hint` in seconds, within 10 s and 24 h.
    uint64_t refresh_hint;
    // Usable keys, authorities or lists; 0 means that all were revoked.
    uint64_t entries;
    // SHA-256 of the document.
    uint8_t digest[32];
    // Entries of the document that were passed over, by reason (`attestor_skip_slug`).
    uint32_t skipped[32];
    // Seconds after which a refresh is due.
    uint64_t soft_age_secs;
    // Seconds from which on the material is not used, unless a policy's `max_staleness_secs` says otherwise.
    uint64_t hard_age_secs;
    // ATTESTOR_FINDING_*: what the rotation gate found in the last update.
    uint32_t findings;
    // Additions of the last update that the rotation gate held back.
    uint32_t withheld;
} attestor_slot_info;

// A callback that fetches a source's material. Initialize with ATTESTOR_SOURCE_INIT.
typedef struct attestor_source {
    // `sizeof(attestor_source)`.
    uint32_t struct_size;
    // Must be 0.
    uint32_t flags;
    // Hands the material of the source to `sink`, or confirms what it handed over before; 0, or the host's own number
    // for why it could not. `name` has no NUL and is valid during the call; it is empty for the whole world of a feed.
    int32_t (*fetch)(void *userdata,
                     uint32_t kind,
                     const char *name,
                     size_t name_len,
                     struct attestor_sink *sink);
    // Called exactly once, on any thread, when the store has let go of the callback; may be NULL.
    void (*drop)(void *userdata);
    // The first argument of both; may be NULL. Used by any thread, by one at a time.
    void *userdata;
    // What the callback puts belongs to this feed.
    uint64_t feed;
} attestor_source;

// Options of `attestor_sink_put` and `attestor_sink_confirm`. Zero is the default of every member.
typedef struct attestor_sink_options {
    // `sizeof(attestor_sink_options)`.
    uint32_t struct_size;
    // ATTESTOR_PUT_FORCE or 0.
    uint32_t flags;
    // Seconds for which the host of the document says it may be kept (`Cache-Control: max-age`); 0 if it says nothing.
    uint64_t max_age_secs;
    // Seconds after which to fetch again; 0 is at the soft age, or half the hard one if that comes first.
    uint64_t refresh_after_secs;
} attestor_sink_options;

// What `attestor_store_refresh` did.
typedef struct attestor_refresh_report {
    // `sizeof(attestor_refresh_report)`; set before the call.
    uint32_t struct_size;
    // 0.
    uint32_t flags;
    // Callbacks that succeeded.
    uint64_t succeeded;
    // Callbacks that failed: `attestor_store_health` of their sources says why.
    uint64_t failed;
    // Sources that were due and that another thread was fetching.
    uint64_t busy;
} attestor_refresh_report;

// What is known of the feeding of a source.
typedef struct attestor_source_health {
    // `sizeof(attestor_source_health)`; set before the call.
    uint32_t struct_size;
    // ATTESTOR_HEALTH_*.
    uint32_t flags;
    // Updates and confirmations that succeeded.
    uint64_t refreshes;
    // Updates and fetches that failed.
    uint64_t failures;
    // How many of them since the last success.
    uint32_t failures_in_a_row;
    // Why the last of them failed; ATTESTOR_OK if something has succeeded since.
    attestor_status last_failure;
    // What the callback of that failure returned; 0 if it was no callback's.
    int32_t host_code;
    // ATTESTOR_FRESH, ATTESTOR_DUE, ATTESTOR_STALE of the JWT keys, or 0.
    uint32_t jwt_freshness;
    // Likewise of the X.509 authorities.
    uint32_t x509_freshness;
    // 0.
    uint32_t reserved;
    // Unix seconds of the last success; 0 is never.
    int64_t succeeded_at;
    // Unix seconds of the last failure; 0 is never.
    int64_t failed_at;
    // Unix seconds at which the callback is due, in the past if it is overdue; INT64_MAX is never.
    int64_t next_refresh;
} attestor_source_health;

// What `attestor_store_restore` did.
typedef struct attestor_restore_report {
    // `sizeof(attestor_restore_report)`; set before the call.
    uint32_t struct_size;
    // 0.
    uint32_t flags;
    // Slots it filled.
    uint64_t slots;
    // Slots it left alone: a feed had filled them.
    uint64_t skipped;
    // Entries it added to the deny overlay.
    uint64_t denials;
} attestor_restore_report;

// One thing to deny: credentials of `source` whose `field` is `value`, byte for byte.
typedef struct attestor_deny_entry {
    // `sizeof(attestor_deny_entry)`.
    uint32_t struct_size;
    // Must be 0.
    uint32_t flags;
    // ATTESTOR_DENY_KIND_*.
    uint32_t kind;
    // ATTESTOR_DENY_FIELD_*.
    uint32_t field;
    // Unix seconds from which on the entry says nothing; 0 for never.
    int64_t expires_at;
    // A trust domain or an issuer in its canonical spelling, or `*` for every source of the kind.
    const char *source;
    // Bytes of `source`, at most 2048.
    size_t source_len;
    // In the form of the field; at most 2048 bytes.
    const char *value;
    // Bytes of `value`.
    size_t value_len;
} attestor_deny_entry;

// A view of UTF-8 text. No NUL terminator is promised. Empty: `ptr` not NULL, `len` 0; absent: NULL, 0.
typedef struct attestor_str {
    // First byte, or NULL.
    const char *ptr;
    // Bytes.
    size_t len;
} attestor_str;

// Everything hot of one verdict, in one crossing.
//
// `identity`, `trust_domain`, `key_thumbprint` and `expires_at` are set for an allow only.
typedef struct attestor_summary {
    // `sizeof(attestor_summary)`; set before the call.
    uint32_t struct_size;
    // The verdict.
    attestor_status code;
    // ATTESTOR_CLASS_* of the verdict.
    int32_t verdict_class;
    // ATTESTOR_AUTHENTICATED, ATTESTOR_LOCAL and the other flags of a summary.
    uint32_t flags;
    // Unix seconds; the credential's own expiry, without clock skew.
    int64_t expires_at;
    // The workload's identity: `spiffe://trust-domain/path`, `oidc:<issuer>:<sub>`, or `<prefix><key, hex>`.
    struct attestor_str identity;
    // The identity's trust domain; absent for an OIDC token.
    struct attestor_str trust_domain;
    // The attestor that judged; absent if routing found none.
    struct attestor_str attestor_id;
    // RFC 7638 thumbprint of the key that verified, base64url.
    struct attestor_str key_thumbprint;
    // The configured canonical issuer, of an OIDC token.
    struct attestor_str issuer;
    // The identity without what the attestor puts before it: SPIFFE ID, `sub`, or the passport's key.
    struct attestor_str subject;
    // As what the workload enters, by the policy's `map`; absent if that gives none.
    struct attestor_str internal_identity;
    // RFC 7638 thumbprint of the passport's key, base64url, if a passport came too.
    struct attestor_str passport_thumbprint;
    // ATTESTOR_CREDENTIAL_*.
    uint32_t credential_kind;
    // What the shadow policy would have said: 0 is an allow. Meaningful with ATTESTOR_SHADOWED only.
    attestor_status shadow_code;
    // How many policies the mapping grants; see `attestor_result_policy`.
    uint64_t policies;
} attestor_summary;

// Options of `attestor_verifier_new`. Zero is the default of every member.
typedef struct attestor_verifier_options {
    // `sizeof(attestor_verifier_options)`.
    uint32_t struct_size;
    // ATTESTOR_VERIFIER_*.
    uint32_t flags;
    // Most entries of the verified-credential cache, at most 1048576; 0 is 4096. Their records, of less than half a
    // kilobyte each, are set aside at once.
    uint64_t cache_entries;
    // Most bytes that the cache holds; 0 is 8 MiB.
    uint64_t cache_bytes;
} attestor_verifier_options;

// One verification. Initialize with ATTESTOR_REQUEST_INIT. The pointers are read before the call returns.
typedef struct attestor_request {
    // `sizeof(attestor_request)`.
    uint32_t struct_size;
    // Must be 0.
    uint32_t flags;
    // Unix seconds, or ATTESTOR_NOW; other values that are not positive are misuse.
    int64_t now;
    // The credential, byte for byte: no `Bearer `, no newline.
    const uint8_t *credential;
    // Bytes of the credential.
    size_t credential_len;
    // Forces the attestor with this id instead of routing; may be NULL.
    const char *attestor_id;
    // Bytes of the id.
    size_t attestor_id_len;
    // The nonce an ID token must carry; may be NULL.
    const char *nonce;
    // Bytes of the nonce.
    size_t nonce_len;
    // The access token that came with an ID token, to compare `at_hash`; may be NULL.
    const uint8_t *access_token;
    // Bytes of the access token.
    size_t access_token_len;
    // How many seconds ago the end user of an ID token may have authenticated; 0 is any time.
    uint64_t max_age_secs;
    // The passport that came with the credential or alone, a compact JWS; may be NULL, but for `attestor_admit`.
    const uint8_t *passport;
    // Bytes of the passport.
    size_t passport_len;
    // An X.509-SVID in place of `credential`: DER certificates one after the other, the leaf first; may be NULL.
    const uint8_t *chain;
    // Bytes of the chain.
    size_t chain_len;
    // How the holder of the chain proved possession: ATTESTOR_POSSESSION_*; 0 is none, which never allows.
    uint32_t possession;
    // Must be 0.
    uint32_t reserved;
    // The challenge that was signed, at least 16 bytes, made and used once by the host.
    const uint8_t *challenge;
    // Bytes of the challenge.
    size_t challenge_len;
    // The signature over `attestor_possession_message`, as JWS has it.
    const uint8_t *proof;
    // Bytes of the proof.
    size_t proof_len;
    // Which of our audiences the chain was presented to; may be NULL for a TLS handshake.
    const char *audience;
    // Bytes of the audience.
    size_t audience_len;
    // The certificate of the TLS peer, DER, for a `cnf` of `x5t#S256`; may be NULL.
    const uint8_t *peer_certificate;
    // Bytes of the certificate.
    size_t peer_certificate_len;
} attestor_request;

// The head of an answer; its texts follow it in the same block. See `attestor_summary` for the members of a verdict.
//
// At `ends_at` there are `texts` numbers of 32 bits: where each text ends, in bytes from `texts_at`. A NUL byte follows
// each text, and then the next one begins; a text may hold a NUL of its own, as JSON can. The texts are ATTESTOR_TEXT_*
// in that order, the policies, and the evidence, each empty where there is none; a refusal has the attestor and the
// evidence only. Later versions make this head longer, and add texts behind the last.
typedef struct attestor_answer {
    // Bytes of the whole answer; of one that did not fit, the bytes that it needs.
    uint32_t size;
    // The verdict.
    attestor_status code;
    // ATTESTOR_CLASS_* of the verdict.
    int32_t verdict_class;
    // ATTESTOR_AUTHENTICATED, ATTESTOR_LOCAL and the other flags of a summary.
    uint32_t flags;
    // Unix seconds; the credential's own expiry.
    int64_t expires_at;
    // ATTESTOR_CREDENTIAL_*.
    uint32_t credential_kind;
    // What the shadow policy would have said.
    attestor_status shadow_code;
    // How many policies the mapping grants.
    uint32_t policies;
    // How many texts there are.
    uint32_t texts;
    // Where the ends of the texts stand, in bytes from the start of the answer.
    uint32_t ends_at;
    // Where the texts begin, in bytes from the start of the answer.
    uint32_t texts_at;
} attestor_answer;

// What `attestor_ask` is asked beside the credential, reusable as it stands. Initialize with ATTESTOR_QUESTION_INIT.
typedef struct attestor_question {
    // `sizeof(attestor_question)`.
    uint32_t struct_size;
    // ATTESTOR_ASK_*.
    uint32_t flags;
    // Unix seconds, or ATTESTOR_NOW, as of a request.
    int64_t now;
    // Storage to work in.
    struct attestor_result *result;
    // What a request holds beside `credential` and `now`, which are not looked at in it; may be NULL.
    const struct attestor_request *request;
    // Where the answer goes, texts and all.
    struct attestor_answer *answer;
    // Bytes there, at least `sizeof(attestor_answer)`.
    size_t room;
} attestor_question;

// Whether the sources that a policy names can be used.
typedef struct attestor_readiness {
    // `sizeof(attestor_readiness)`; set before the call.
    uint32_t struct_size;
    // 1 if every source that the policy names can be used, else 0.
    uint32_t ready;
    // Sources that the policy names.
    uint64_t sources;
    // Of them, those whose material is fresh,
    uint64_t fresh;
    // past its soft age in some slot,
    uint64_t due;
    // at its hard age in some slot,
    uint64_t stale;
    // or not there at all.
    uint64_t missing;
} attestor_readiness;

// What a verifier has counted since it was made.
typedef struct attestor_metrics {
    // `sizeof(attestor_metrics)`; set before the call.
    uint32_t struct_size;
    // ATTESTOR_METRICS_IFMA or 0.
    uint32_t flags;
    // Verdicts of class allow.
    uint64_t allowed;
    // Of class deny.
    uint64_t denied;
    // Of class unavailable.
    uint64_t unavailable;
    // Of class misuse.
    uint64_t misused;
    // Look-ups in the verified-credential cache that found a credential whose verdict still held.
    uint64_t cache_hits;
    // Look-ups that found nothing, or another thread changing that part of the cache.
    uint64_t cache_misses;
    // Verdicts taken in; replaced ones count again.
    uint64_t cache_insertions;
    // Verdicts that made room for others.
    uint64_t cache_evictions;
    // Look-ups that found a credential whose verdict no longer held: it was judged in full.
    uint64_t cache_stale;
    // Verdicts held now.
    uint64_t cache_entries;
    // Bytes set aside for their texts now, beside a fixed record of less than half a kilobyte each.
    uint64_t cache_bytes;
    // Keys of the store that have a table now.
    uint64_t key_tables_held;
    // Bytes that these take.
    uint64_t key_tables_bytes;
    // Tables that were made.
    uint64_t key_tables_made;
    // Tables that gave their place to others'.
    uint64_t key_tables_evicted;
    // Tables that the reference contradicted, and self-tests that failed: anything but 0 is a defect of the library or the
    // machine. Every verdict was the reference's.
    uint64_t key_tables_disagreements;
    // Signatures that tables checked, for any verifier of the store.
    uint64_t key_tables_by_table;
    // Signatures of the store's keys that the reference checked.
    uint64_t key_tables_by_reference;
} attestor_metrics;

// How often one attestor came to one verdict.
typedef struct attestor_verdict_count {
    // The attestor's id, NUL-terminated; empty where no attestor took the credential, `other` for those that the
    // policy no longer has.
    char attestor_id[65];
    // 0.
    uint8_t reserved[3];
    // The verdict.
    attestor_status code;
    // Never 0.
    uint64_t count;
} attestor_verdict_count;

// What is known of a source, as numbers.
typedef struct attestor_source_metrics {
    // `sizeof(attestor_source_metrics)`; set before the call.
    uint32_t struct_size;
    // ATTESTOR_SOURCE_*; 0 for all sources together that the policy does not name.
    uint32_t kind;
    // ATTESTOR_FRESH, ATTESTOR_DUE, ATTESTOR_STALE of the JWT keys, of the others the worst; 0 if there are none.
    uint32_t jwt_freshness;
    // Likewise of the X.509 authorities.
    uint32_t x509_freshness;
    // Seconds since the older of both was confirmed; -1 if there are none.
    int64_t age_secs;
    // 1, or how many the others are.
    uint64_t sources;
    // Usable JWT keys.
    uint64_t keys;
    // Usable X.509 authorities.
    uint64_t authorities;
    // Entries of their documents that were passed over.
    uint64_t skipped;
    // Updates and confirmations that succeeded.
    uint64_t refreshes;
    // Updates and fetches that failed.
    uint64_t failures;
} attestor_source_metrics;

// What a passport says beside its key. Initialize with ATTESTOR_PASSPORT_CLAIMS_INIT.
typedef struct attestor_passport_claims {
    // `sizeof(attestor_passport_claims)`.
    uint32_t struct_size;
    // Must be 0.
    uint32_t flags;
    // Unix seconds; from then on the passport is expired, without leeway.
    int64_t expires_at;
    // Unix seconds; 0 leaves `iat` out.
    int64_t issued_at;
    // Whom it is for: `audiences_len` views; NULL leaves `aud` out.
    const struct attestor_str *audiences;
    // Views at `audiences`, at most 64.
    size_t audiences_len;
    // A unique id; may be NULL.
    const char *id;
    // Bytes of the id.
    size_t id_len;
} attestor_passport_claims;

// A member of a receipt's `host`: a name of a-z 0-9 _ and a UTF-8 text.
typedef struct attestor_receipt_field {
    // 1 to 64 bytes.
    struct attestor_str name;
    // May be empty; NULL is empty.
    struct attestor_str value;
} attestor_receipt_field;

// One line of a receipt log (docs/receipts.md). Initialize with ATTESTOR_RECEIPT_INIT. The pointers are read
// before the call returns.
typedef struct attestor_receipt {
    // `sizeof(attestor_receipt)`.
    uint32_t struct_size;
    // Must be 0.
    uint32_t flags;
    // The line's number: 1 for the first of a log, then one more than the line before.
    uint64_t seq;
    // When it happened: Unix seconds, or ATTESTOR_NOW.
    int64_t at;
    // The digest of the line before, from attestor_receipt_head; zeros for the first line of a log.
    uint8_t prev[32];
    // What happened: 1 to 64 of a-z 0-9 . _ -
    const char *event;
    // Bytes of the event.
    size_t event_len;
    // The evidence as attestor_result_evidence wrote it; NULL if the event is none of a verdict.
    const uint8_t *evidence;
    // Bytes of the evidence.
    size_t evidence_len;
    // What only the host knows, in any order, no name twice; at most 64. May be NULL.
    const struct attestor_receipt_field *host;
    // Members of `host`.
    size_t host_count;
    // Adds a `mac` under this key, 16 to 4096 bytes; NULL for none.
    const uint8_t *key;
    // Bytes of the key.
    size_t key_len;
} attestor_receipt;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The library's version, `MAJOR.MINOR.PATCH`, NUL-terminated.
//
// Lifetime: for the life of the process. Threads: any. Allocates: never.
ATTESTOR_API const char *attestor_version_string(void);

// The library's version as 0x00MMmmpp; compare with ATTESTOR_VERSION_HEX.
//
// Threads: any. Allocates: never.
ATTESTOR_API uint32_t attestor_version_hex(void);

// The library's ABI version. A wrapper refuses to load a library whose number is not ATTESTOR_ABI.
//
// Threads: any. Allocates: never.
ATTESTOR_API uint32_t attestor_abi(void);

// The class of a status by its band: one of ATTESTOR_CLASS_*. A code outside of all bands is misuse.
//
// Threads: any. Allocates: never.
ATTESTOR_API int32_t attestor_status_class(attestor_status code);

// The stable machine name of a status, NUL-terminated; "ok" for 0, "unknown" for an unknown code.
//
// Lifetime: for the life of the process. Threads: any. Allocates: never.
ATTESTOR_API const char *attestor_status_slug(attestor_status code);

// The stable sentence for people, NUL-terminated; "ok" for 0, "unknown" for an unknown code.
//
// Lifetime: for the life of the process. Threads: any. Allocates: never.
ATTESTOR_API const char *attestor_status_phrase(attestor_status code);

// The machine name of a skip reason, NUL-terminated: the meaning of `attestor_slot_info.skipped[index]`.
// "unknown" past the last one.
//
// Lifetime: for the life of the process. Threads: any. Allocates: never.
ATTESTOR_API const char *attestor_skip_slug(uint32_t index);

// Makes an empty store.
//
// `options` and `err` may be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_OPTION_UNSUPPORTED, ATTESTOR_ARGUMENT_INVALID (`*out` is then NULL).
// Lifetime: until the last reference is given up with `attestor_store_free`.
// Threads: any. Allocates: on construction.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_store_new(const struct attestor_store_options *options,
                                   struct attestor_store **out,
                                   struct attestor_error *err);

// Adds a reference and returns the same handle; NULL for NULL.
//
// Threads: any. Allocates: never.
ATTESTOR_API struct attestor_store *attestor_store_ref(struct attestor_store *store);

// Gives up a reference; the last one frees the store. NULL is fine.
//
// A verifier holds its own reference. Lifetime: with the store go its callbacks: `drop` of each runs here, or where
// the last verifier is freed. Threads: any; a thread that still uses the handle must hold a reference of its own.
// Allocates: never.
ATTESTOR_API
void attestor_store_free(struct attestor_store *store);

// Takes a bundle document for a source. All slots it speaks for are replaced at once, or nothing is: on failure
// the last good bundle stays. A document that is the same as before only confirms what is there.
//
// What the rotation gate holds takes its removals at once and keeps its additions back; ATTESTOR_PUT_FORCE passes
// it. Empty and removal-only updates always pass: `{"keys": []}` revokes, but for an issuer, where it is refused.
// Material ages from `now`: past its soft age (SPIFFE: the refresh hint, or 300 s; key sets: `max_age_secs` within
// 300 s and 24 h, or 3600 s) a refresh is due, from its hard age (SPIFFE: twice that, within 60 s and 24 h; key sets:
// 24 h) on it is not used. PEM files do not age unless `max_age_secs` is said; ATTESTOR_PUT_PERMANENT never does.
// A bundle map is all that its feed delivers: each bundle is taken or none, and what the feed filled for other
// trust domains is dropped. A reader may meet some domains of the new map beside others of the old one.
// `kind` ATTESTOR_SOURCE_*, `name` a trust domain (`example.org` or `spiffe://example.org`) or an issuer, empty for
// a bundle map, `format` ATTESTOR_FORMAT_*, `now` Unix seconds or ATTESTOR_NOW. `options` and `err` may be NULL.
// Returns: ATTESTOR_OK; with the removals taken, ATTESTOR_BUNDLE_ROLLBACK, ATTESTOR_BUNDLE_REKEYED,
// ATTESTOR_BUNDLE_REPLACED; with nothing changed, ATTESTOR_BUNDLE_MALFORMED, ATTESTOR_BUNDLE_PRIVATE_KEY,
// ATTESTOR_NO_USABLE_KEYS, ATTESTOR_TRUST_DOMAIN_MISMATCH, ATTESTOR_BUNDLE_DUPLICATE_TRUST_DOMAIN,
// ATTESTOR_SOURCE_NAME_INVALID, ATTESTOR_FORMAT_UNSUPPORTED, ATTESTOR_CLOCK_INVALID, ATTESTOR_STORE_POISONED,
// ATTESTOR_OPTION_UNSUPPORTED.
// Threads: any, although the handle is not const; updates run one after the other, readers never wait. Allocates: yes.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_store_put(struct attestor_store *store,
                                   uint32_t kind,
                                   const char *name,
                                   size_t name_len,
                                   uint32_t format,
                                   const uint8_t *document,
                                   size_t document_len,
                                   const struct attestor_put_options *options,
                                   int64_t now,
                                   struct attestor_error *err);

// Forgets a source and its callback at once: the next verification finds it unavailable. An unknown one is fine.
//
// `err` may be NULL. Returns: ATTESTOR_OK, ATTESTOR_SOURCE_NAME_INVALID, ATTESTOR_STORE_POISONED.
// Lifetime: `drop` of a callback runs before this returns, or when its fetch under way ends.
// Threads: any, although the handle is not const. Allocates: yes.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_store_remove(struct attestor_store *store,
                                      uint32_t kind,
                                      const char *name,
                                      size_t name_len,
                                      struct attestor_error *err);

// Confirms at `now` what a feed put before: nothing is new (HTTP 304, a stream that was opened again).
//
// The trust domain of the empty name stands for everything that `feed` put. `err` may be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_BUNDLE_UNAVAILABLE if nothing there is of this feed, ATTESTOR_SOURCE_NAME_INVALID,
// ATTESTOR_CLOCK_INVALID, ATTESTOR_STORE_POISONED.
// Threads: any, although the handle is not const. Allocates: yes.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_store_touch(struct attestor_store *store,
                                     uint32_t kind,
                                     const char *name,
                                     size_t name_len,
                                     uint64_t feed,
                                     int64_t now,
                                     struct attestor_error *err);

// Drops everything that a feed filled, at once: its host may no longer use it.
//
// `*emptied` says how many sources hold nothing any more. `emptied` and `err` may be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_STORE_POISONED.
// Threads: any, although the handle is not const. Allocates: yes.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_store_withdraw(struct attestor_store *store,
                                        uint64_t feed,
                                        uint64_t *emptied,
                                        struct attestor_error *err);

// Says what is known of a slot (ATTESTOR_SLOT_*).
//
// `out->struct_size` must be set. `err` may be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_BUNDLE_UNAVAILABLE if nothing has fed the slot, ATTESTOR_SOURCE_NAME_INVALID.
// Threads: any; never waits. Allocates: never.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_store_info(const struct attestor_store *store,
                                    uint32_t kind,
                                    const char *name,
                                    size_t name_len,
                                    uint32_t slot,
                                    struct attestor_slot_info *out,
                                    struct attestor_error *err);

// Lets a callback fetch a source, from the next refresh on; it replaces the one there was and is due at once.
//
// `source` NULL takes the callback away: the material stays, and ages. `kind` and `name` as for `attestor_store_put`;
// the trust domain of the empty name is the whole world of one feed: its callback puts bundle maps. `err` may be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_ARGUMENT_INVALID (`fetch` is NULL), ATTESTOR_SOURCE_NAME_INVALID,
// ATTESTOR_STORE_POISONED, ATTESTOR_OPTION_UNSUPPORTED.
// Lifetime: `userdata` until `drop`, which is called once the callback was replaced, taken away, or removed with its
// source, or the store was freed, and no fetch of it is under way; never if this call fails.
// Threads: any, although the handle is not const. The callback runs only inside `attestor_store_refresh`,
// `attestor_store_refresh_source`, `attestor_verify_refreshing` and `attestor_admit_refreshing`, on their threads, one
// call at a time for each source, with no lock held. Allocates: yes.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_store_set_source(struct attestor_store *store,
                                          uint32_t kind,
                                          const char *name,
                                          size_t name_len,
                                          const struct attestor_source *source,
                                          struct attestor_error *err);

// Puts a document for the source that is being fetched, as `attestor_store_put` does. In a callback only.
//
// `options` and `err` may be NULL. A callback may put several documents; if one is refused, the fetch has failed.
// Returns: as `attestor_store_put`; ATTESTOR_FEED_REPLACED if the source was removed or given another callback.
// Threads: that of the callback. Allocates: yes.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_sink_put(struct attestor_sink *sink,
                                  uint32_t format,
                                  const uint8_t *document,
                                  size_t document_len,
                                  const struct attestor_sink_options *options,
                                  struct attestor_error *err);

// Confirms what the feed put before for the source that is being fetched: nothing is new (HTTP 304). In a callback
// only.
//
// `options` and `err` may be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_BUNDLE_UNAVAILABLE if the source holds nothing of this feed, ATTESTOR_FEED_REPLACED,
// ATTESTOR_CLOCK_INVALID, ATTESTOR_STORE_POISONED, ATTESTOR_OPTION_UNSUPPORTED.
// Threads: that of the callback. Allocates: yes.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_sink_confirm(struct attestor_sink *sink,
                                      const struct attestor_sink_options *options,
                                      struct attestor_error *err);

// Calls back for every source whose refresh is due, one after the other, on this thread.
//
// What another thread is fetching is left to it. What a callback did wrong harms its own source only: it is counted
// in `out` and told by `attestor_store_health`. `out` (its `struct_size` set) and `err` may be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_REFRESH_REENTRANT from a callback of this store, ATTESTOR_CLOCK_INVALID.
// Threads: any, although the handle is not const; runs callbacks, never waits for another thread's. Allocates: yes.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_store_refresh(struct attestor_store *store,
                                       int64_t now,
                                       struct attestor_refresh_report *out,
                                       struct attestor_error *err);

// Calls back for one source at once, due or not. `kind` and `name` as for `attestor_store_set_source`.
//
// `err` may be NULL; its `host_code` is what the callback returned.
// Returns: ATTESTOR_OK, ATTESTOR_REFRESH_BUSY if another thread is fetching it or it has no callback,
// ATTESTOR_CALLBACK_FAILED, what a put of the callback was refused for, ATTESTOR_REFRESH_REENTRANT from a callback of
// this store, ATTESTOR_SOURCE_NAME_INVALID, ATTESTOR_CLOCK_INVALID.
// Threads: any, although the handle is not const; runs the callback, never waits for another thread's. Allocates: yes.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_store_refresh_source(struct attestor_store *store,
                                              uint32_t kind,
                                              const char *name,
                                              size_t name_len,
                                              int64_t now,
                                              struct attestor_error *err);

// Says when `attestor_store_refresh` next has something to do, in Unix seconds; in the past if it is overdue.
//
// `*out` is INT64_MAX if there is no callback, or nothing that they feed ages. `err` may be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_CLOCK_INVALID.
// Threads: any. Allocates: yes.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_store_next_refresh(const struct attestor_store *store,
                                            int64_t now,
                                            int64_t *out,
                                            struct attestor_error *err);

// Says what is known of the feeding of a source, and how fresh it is. `kind` and `name` as for
// `attestor_store_set_source`.
//
// `out->struct_size` must be set. `err` may be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_BUNDLE_UNAVAILABLE if it is neither fed nor has a callback,
// ATTESTOR_SOURCE_NAME_INVALID, ATTESTOR_CLOCK_INVALID.
// Threads: any. Allocates: never.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_store_health(const struct attestor_store *store,
                                      uint32_t kind,
                                      const char *name,
                                      size_t name_len,
                                      int64_t now,
                                      struct attestor_source_health *out,
                                      struct attestor_error *err);

// Writes everything that the store holds: every slot, and the deny overlay but for what has expired. Callbacks,
// health, policies and the publishing list are not in it.
//
// `key` is a secret of 32 to 4096 bytes that only the host's own processes know, or (NULL, 0): then a checksum tells
// accidents, and the host protects the file. `buf` may be NULL if `cap` is 0, to ask for the size: it is that of the
// moment, so ask again if it has grown meanwhile. `err` may be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_BUFFER_TOO_SMALL (`*len_out` is the needed size), ATTESTOR_ARGUMENT_INVALID (a key of
// another length), ATTESTOR_CLOCK_INVALID, ATTESTOR_STORE_POISONED.
// Threads: any; waits for an update under way, readers never wait for it. Allocates: yes; the key is not kept.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_store_snapshot(const struct attestor_store *store,
                                        const uint8_t *key,
                                        size_t key_len,
                                        int64_t now,
                                        uint8_t *buf,
                                        size_t cap,
                                        size_t *len_out,
                                        struct attestor_error *err);

// Fills the slots that nothing has filled with what a snapshot holds, and denies what it denies; all or nothing.
//
// Material goes on ageing from when its feed last confirmed it: it is stale at its hard age, at the latest after 24 h,
// and at once if that time is in the future. It is ATTESTOR_SLOT_RESTORED until its feed speaks. `key` as the snapshot
// was made with, at most 1 GiB at `snapshot`. `out` (its `struct_size` set) and `err` may be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_SNAPSHOT_INVALID (not a snapshot, of another version, made under another key or
// none, changed), ATTESTOR_OVERLAY_FULL, ATTESTOR_ARGUMENT_INVALID, ATTESTOR_CLOCK_INVALID, ATTESTOR_STORE_POISONED.
// Threads: any, although the handle is not const. Allocates: yes; the key is not kept.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_store_restore(struct attestor_store *store,
                                       const uint8_t *key,
                                       size_t key_len,
                                       const uint8_t *snapshot,
                                       size_t len,
                                       int64_t now,
                                       struct attestor_restore_report *out,
                                       struct attestor_error *err);

// Lets a source be published (`allowed` 1), or no longer (0). It may come before the source is fed, and stays when the
// source is removed.
//
// `err` may be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_ARGUMENT_INVALID, ATTESTOR_SOURCE_NAME_INVALID, ATTESTOR_STORE_POISONED.
// Threads: any, although the handle is not const. Allocates: yes.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_store_allow_publishing(struct attestor_store *store,
                                                uint32_t kind,
                                                const char *name,
                                                size_t name_len,
                                                uint32_t allowed,
                                                struct attestor_error *err);

// Writes what the store holds of a source as a document for others, rebuilt from the public members that were read.
//
// `format`: ATTESTOR_FORMAT_SPIFFE_BUNDLE of both slots; ATTESTOR_FORMAT_JWKS, ATTESTOR_FORMAT_WORKLOAD_API_JWKS,
// ATTESTOR_FORMAT_PUBLIC_KEY_PEM of the JWT keys; ATTESTOR_FORMAT_X509_PEM, ATTESTOR_FORMAT_X509_DER of the
// authorities. `buf` may be NULL if `cap` is 0, to ask for the size of the moment. `err` may be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_BUFFER_TOO_SMALL (`*len_out` is the needed size), ATTESTOR_SOURCE_NOT_PUBLISHED of
// every source that `attestor_store_allow_publishing` does not list, ATTESTOR_BUNDLE_UNAVAILABLE if a slot that the
// format speaks for is not filled, ATTESTOR_BUNDLE_STALE, ATTESTOR_NO_USABLE_KEYS if the format has a place for none,
// ATTESTOR_FORMAT_UNSUPPORTED, ATTESTOR_BUNDLE_MALFORMED (larger than a reader takes), ATTESTOR_SOURCE_NAME_INVALID,
// ATTESTOR_CLOCK_INVALID, ATTESTOR_STORE_POISONED.
// Threads: any; waits for an update under way, readers never wait for it. Allocates: yes.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_store_publish(const struct attestor_store *store,
                                       uint32_t kind,
                                       const char *name,
                                       size_t name_len,
                                       uint32_t format,
                                       int64_t now,
                                       uint8_t *buf,
                                       size_t cap,
                                       size_t *len_out,
                                       struct attestor_error *err);

// Denies what carries the entry's value, from the next verification on. Denying again replaces `expires_at`.
//
// `now` Unix seconds or ATTESTOR_NOW; `expires_at` must be after it. `err` may be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_ARGUMENT_INVALID (an unknown kind or field, a value of another form, an entry that
// has expired), ATTESTOR_SOURCE_NAME_INVALID, ATTESTOR_OVERLAY_FULL (100000 entries that have not expired),
// ATTESTOR_CLOCK_INVALID, ATTESTOR_STORE_POISONED, ATTESTOR_OPTION_UNSUPPORTED.
// Threads: any, although the handle is not const; readers never wait. Allocates: yes.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_store_deny(struct attestor_store *store,
                                    const struct attestor_deny_entry *entry,
                                    int64_t now,
                                    struct attestor_error *err);

// Takes an entry back; `expires_at` is not compared. One that is not there is fine.
//
// `*lifted` says whether it was there: 1 or 0. `lifted` and `err` may be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_ARGUMENT_INVALID, ATTESTOR_SOURCE_NAME_INVALID, ATTESTOR_STORE_POISONED,
// ATTESTOR_OPTION_UNSUPPORTED.
// Threads: any, although the handle is not const. Allocates: yes.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_store_lift(struct attestor_store *store,
                                    const struct attestor_deny_entry *entry,
                                    int32_t *lifted,
                                    struct attestor_error *err);

// Takes every entry back.
//
// `err` may be NULL. Returns: ATTESTOR_OK, ATTESTOR_STORE_POISONED.
// Threads: any, although the handle is not const. Allocates: yes.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_store_clear_denials(struct attestor_store *store,
                                             struct attestor_error *err);

// How many entries there are; expired ones count until their room is needed. 0 for NULL.
//
// Threads: any; never waits. Allocates: never.
ATTESTOR_API uint64_t attestor_store_denials(const struct attestor_store *store);

// Makes the storage of one verdict.
//
// `err` may be NULL. Returns: ATTESTOR_OK, ATTESTOR_ARGUMENT_INVALID.
// Lifetime: until `attestor_result_free`; independent of stores and verifiers.
// Threads: one at a time. Allocates: on construction.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_result_new(struct attestor_result **out,
                                    struct attestor_error *err);

// Frees the result, cleared as by `attestor_result_clear`. NULL is fine.
//
// Threads: no other call on this result. Allocates: never.
ATTESTOR_API void attestor_result_free(struct attestor_result *result);

// Forgets the last verdict and overwrites what its credential left: for a result that goes back to a pool.
//
// Not overwritten: the header of a proven token that says no more than `alg`, `kid` and `typ`, which the next token of
// the same key has too.
// `result` may be NULL. Threads: one at a time. Allocates: never.
ATTESTOR_API
void attestor_result_clear(struct attestor_result *result);

// Reads the summary of the last verdict again; `attestor_verify` fills one directly.
//
// `out->struct_size` must be set. `err` may be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_NOT_VERIFIED before the first verification (`out` is then not written).
// Lifetime: views are valid until the next `attestor_verify`, `_clear` or `_free` of this result.
// Threads: any, while no verification uses the result. Allocates: never.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_result_summary(const struct attestor_result *result,
                                        struct attestor_summary *out,
                                        struct attestor_error *err);

// Reads one of the policies that the mapping grants, in the order of the policy document.
//
// `index` below `attestor_summary.policies`. `err` may be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_ARGUMENT_INVALID past the last one.
// Lifetime: as the views of the summary. Threads: any, while no verification uses the result. Allocates: never.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_result_policy(const struct attestor_result *result,
                                       uint64_t index,
                                       struct attestor_str *out,
                                       struct attestor_error *err);

// Writes the evidence of the last verdict, canonical JSON (docs/evidence.md), into the caller's buffer.
//
// `buf` may be NULL if `cap` is 0, to ask for the size: then ATTESTOR_BUFFER_TOO_SMALL and `*len_out`. `err` may
// be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_BUFFER_TOO_SMALL (`*len_out` is the needed size), ATTESTOR_NOT_VERIFIED.
// Threads: any, while no verification uses the result. Allocates: yes.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_result_evidence(const struct attestor_result *result,
                                         uint8_t *buf,
                                         size_t cap,
                                         size_t *len_out,
                                         struct attestor_error *err);

// Makes a verifier of a policy document (UTF-8 JSON) against a store, of which it takes a reference.
//
// The first in a process tests the kernels that key tables are for, which takes some twenty milliseconds. `options` and
// `err` may be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_CONFIG_INVALID with the JSON path in `err->detail`,
// ATTESTOR_OPTION_UNSUPPORTED, ATTESTOR_ARGUMENT_INVALID (`*out` is then NULL).
// Lifetime: until the last reference is given up with `attestor_verifier_free`.
// Threads: any. Allocates: on construction.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_verifier_new(const struct attestor_store *store,
                                      const char *policy,
                                      size_t policy_len,
                                      const struct attestor_verifier_options *options,
                                      struct attestor_verifier **out,
                                      struct attestor_error *err);

// Adds a reference and returns the same handle; NULL for NULL.
//
// Threads: any. Allocates: never.
ATTESTOR_API struct attestor_verifier *attestor_verifier_ref(struct attestor_verifier *verifier);

// Gives up a reference; the last one frees the verifier. NULL is fine.
//
// Threads: any; a thread that still uses the handle must hold a reference of its own. Allocates: never.
ATTESTOR_API void attestor_verifier_free(struct attestor_verifier *verifier);

// Swaps the policy. Verifications under way finish under the one they began with.
//
// `err` may be NULL. Returns: ATTESTOR_OK, ATTESTOR_CONFIG_INVALID (the old policy then stays).
// Threads: any, although the handle is not const. Allocates: yes.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_verifier_set_policy(struct attestor_verifier *verifier,
                                             const char *policy,
                                             size_t policy_len,
                                             struct attestor_error *err);

// Sets a shadow policy, which judges whatever the policy judges and decides nothing; `policy` NULL removes it.
//
// A credential that the cache knows (ATTESTOR_FROM_CACHE) it has judged before.
// `err` may be NULL. Returns: ATTESTOR_OK, ATTESTOR_CONFIG_INVALID (the old one then stays).
// Threads: any, although the handle is not const. Allocates: yes.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_verifier_set_shadow_policy(struct attestor_verifier *verifier,
                                                    const char *policy,
                                                    size_t policy_len,
                                                    struct attestor_error *err);

// Judges one credential. ATTESTOR_OK is the only acceptance.
//
// `summary` is filled whatever the outcome if it is not NULL (set its `struct_size`); `err` may be NULL.
// Returns: ATTESTOR_OK, a deny (1000-1999), an unavailable (2000-2099), or misuse (1-99).
// Lifetime: views in `summary` are valid until the next `attestor_verify`, `_clear` or `_free` of this result.
// Threads: `verifier` any, `result` one at a time. Never waits for an update and never calls back.
// Allocates: never on a result that has grown to the size of its credentials, with a cache that is off or full; RSA
// without a table: at most 5; a chain of EC certificates: 2.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_verify(const struct attestor_verifier *verifier,
                                const struct attestor_request *request,
                                struct attestor_result *result,
                                struct attestor_summary *summary,
                                struct attestor_error *err);

// Judges an admission: a passport, and the credential that came with it or none. As `attestor_verify`, but a
// request without a passport is ATTESTOR_ARGUMENT_INVALID.
//
// A refusal with ATTESTOR_ABOUT_PASSPORT is about the passport.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_admit(const struct attestor_verifier *verifier,
                               const struct attestor_request *request,
                               struct attestor_result *result,
                               struct attestor_summary *summary,
                               struct attestor_error *err);

// Judges, lets the callback of the source fetch what is missing or too old if that is due, and judges again. As
// `attestor_verify`, but it runs callbacks.
//
// It never waits for another thread's fetch. In a callback of the same store it only judges. A callback must not use
// `result`, and not give up the last reference to `verifier`.
// Returns: as `attestor_verify`, of the last judgement. Threads: `verifier` any, `result` one at a time.
// Allocates: as `attestor_verify`, and what a refresh does.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_verify_refreshing(const struct attestor_verifier *verifier,
                                           const struct attestor_request *request,
                                           struct attestor_result *result,
                                           struct attestor_summary *summary,
                                           struct attestor_error *err);

// Judges an admission as `attestor_admit`, refreshing as `attestor_verify_refreshing`.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_admit_refreshing(const struct attestor_verifier *verifier,
                                          const struct attestor_request *request,
                                          struct attestor_result *result,
                                          struct attestor_summary *summary,
                                          struct attestor_error *err);

// Writes what the holder of an X.509-SVID signs for ATTESTOR_POSSESSION_SIGNED_CHALLENGE: 188 bytes.
//
// `passport` is the passport that goes with the request, or empty. `out` has room for
// ATTESTOR_POSSESSION_MESSAGE_LEN bytes. The proof is a signature over them as JWS has it (RFC 7518, RFC 8037):
// PS256 for an RSA key, ES256, ES384, ES512 (r and s, not DER) for EC, EdDSA for Ed25519. `err` may be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_ARGUMENT_INVALID for a challenge of less than 16 bytes.
// Threads: any. Allocates: never.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_possession_message(const uint8_t *challenge,
                                            size_t challenge_len,
                                            const char *audience,
                                            size_t audience_len,
                                            const uint8_t *passport,
                                            size_t passport_len,
                                            uint8_t *out,
                                            struct attestor_error *err);

// Judges one credential as `attestor_verify` or its kin by `flags` do, and writes the whole answer.
//
// For callers to whom a crossing is dear: nothing is left to be read from the result, which is cleared as by
// `attestor_result_clear`.
// Returns: as `attestor_verify`; an ATTESTOR_BUFFER_TOO_SMALL is no verdict: its answer has nothing but `size`, and
// `attestor_result_answer` then gives the whole one. The answer is written whatever the outcome.
// Threads: `verifier` any, `result` and `answer` one at a time. Calls back only with ATTESTOR_ASK_REFRESHING.
// Allocates: as `attestor_verify`, and the evidence.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_ask(const struct attestor_verifier *verifier,
                             const struct attestor_question *question,
                             const uint8_t *credential,
                             size_t credential_len);

// Writes the answer of the last verdict, of `attestor_verify` and its kin or of an `attestor_ask` that did not fit.
//
// `flags` is ATTESTOR_ASK_EVIDENCE or 0; `answer` and `room` are as in a question. `err` may be NULL.
// Returns: ATTESTOR_OK, whatever the verdict; ATTESTOR_BUFFER_TOO_SMALL (the answer has nothing but `size`),
// ATTESTOR_NOT_VERIFIED, ATTESTOR_OPTION_UNSUPPORTED.
// Threads: any, while no verification uses the result. Allocates: the evidence.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_result_answer(const struct attestor_result *result,
                                       uint32_t flags,
                                       struct attestor_answer *answer,
                                       size_t room,
                                       struct attestor_error *err);

// Says whether the sources that the policy names can be used at `now`. A policy that takes every trust domain of a
// feed names none.
//
// `out->struct_size` must be set. `err` may be NULL. Returns: ATTESTOR_OK, ATTESTOR_CLOCK_INVALID.
// Threads: any; never waits. Allocates: yes.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_verifier_readiness(const struct attestor_verifier *verifier,
                                            int64_t now,
                                            struct attestor_readiness *out,
                                            struct attestor_error *err);

// Reads what was counted: verdicts by class, the verified-credential cache, and the tables of the store's keys. A
// shadow policy's do not count.
//
// `out->struct_size` must be set. `err` may be NULL. Returns: ATTESTOR_OK.
// Threads: any; a verification never waits for it. Allocates: yes.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_verifier_metrics(const struct attestor_verifier *verifier,
                                          struct attestor_metrics *out,
                                          struct attestor_error *err);

// Reads the verdicts by attestor and code, those that occurred. Only ids of the policy are told: nobody outside can
// add rows.
//
// `rows` may be NULL if `cap` is 0, to ask for the number of rows: then ATTESTOR_BUFFER_TOO_SMALL and `*len_out`, or
// ATTESTOR_OK if there are none. `err` may be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_BUFFER_TOO_SMALL (`*len_out` is the needed number).
// Threads: any; a verification never waits for it. Allocates: yes.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_verifier_verdict_counts(const struct attestor_verifier *verifier,
                                                 struct attestor_verdict_count *rows,
                                                 size_t cap,
                                                 size_t *len_out,
                                                 struct attestor_error *err);

// How many rows `attestor_verifier_source_metrics` has: the sources that the policy names, and one for all others
// together. 0 for NULL.
//
// Threads: any; never waits. Allocates: never.
ATTESTOR_API
uint64_t attestor_verifier_source_count(const struct attestor_verifier *verifier);

// Reads what is known of one of the sources that the policy names, in the order of their names; the last one is all
// others together.
//
// `index` below `attestor_verifier_source_count`. `out->struct_size` must be set. `name` has room for `cap` bytes, and
// may be NULL if `cap` is 0; it is empty for the others. `err` may be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_BUFFER_TOO_SMALL (`*len_out` is the needed size; `out` is written all the same),
// ATTESTOR_ARGUMENT_INVALID past the last, ATTESTOR_CLOCK_INVALID.
// Threads: any; never waits. Allocates: yes.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_verifier_source_metrics(const struct attestor_verifier *verifier,
                                                 uint64_t index,
                                                 int64_t now,
                                                 struct attestor_source_metrics *out,
                                                 char *name,
                                                 size_t cap,
                                                 size_t *len_out,
                                                 struct attestor_error *err);

// Signs a passport with the Ed25519 private key whose 32-byte seed (RFC 8032 section 5.1.5) is at `seed`.
//
// `buf` may be NULL if `cap` is 0, to ask for the size. `err` may be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_BUFFER_TOO_SMALL (`*len_out` is the needed size), ATTESTOR_ARGUMENT_INVALID.
// Threads: any. Allocates: yes; the seed is not kept.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_passport_mint(const struct attestor_passport_claims *claims,
                                       const uint8_t *seed,
                                       size_t seed_len,
                                       uint8_t *buf,
                                       size_t cap,
                                       size_t *len_out,
                                       struct attestor_error *err);

// Writes the RFC 7638 thumbprint of the passport key with this seed: what a policy pins.
//
// As `attestor_passport_mint`.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_passport_thumbprint(const uint8_t *seed,
                                             size_t seed_len,
                                             uint8_t *buf,
                                             size_t cap,
                                             size_t *len_out,
                                             struct attestor_error *err);

// Writes one line of a receipt log, without its newline, into the caller's buffer.
//
// `buf` may be NULL if `cap` is 0, to ask for the size: then ATTESTOR_BUFFER_TOO_SMALL and `*len_out`. `err` may
// be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_BUFFER_TOO_SMALL (`*len_out` is the needed size), ATTESTOR_ARGUMENT_INVALID
// (`err->detail` names the member), ATTESTOR_CLOCK_INVALID.
// Threads: any. Allocates: yes.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_receipt_write(const struct attestor_receipt *receipt,
                                       uint8_t *buf,
                                       size_t cap,
                                       size_t *len_out,
                                       struct attestor_error *err);

// Checks that one line, without its newline, is a receipt, and gives the head it makes: its number, and the digest
// that the next line has as `prev`. For a writer that opens its log again; what the line follows is not checked.
//
// `digest` has room for 32 bytes. `err` may be NULL.
// Returns: ATTESTOR_OK, ATTESTOR_RECEIPT_INVALID (`err->detail` says why).
// Threads: any. Allocates: yes.
ATTESTOR_API
ATTESTOR_MUST_USE
attestor_status attestor_receipt_head(const uint8_t *line,
                                      size_t line_len,
                                      uint64_t *seq,
                                      uint8_t *digest,
                                      struct attestor_error *err);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

/* Inline helpers. */

#define ATTESTOR_ERROR_INIT { (uint32_t)sizeof(attestor_error), 0, NULL, NULL, { 0 }, 0, 0 }
#define ATTESTOR_STORE_OPTIONS_INIT { (uint32_t)sizeof(attestor_store_options), 0, 0, 0, 0, 0, 0, 0, 0 }
#define ATTESTOR_PUT_OPTIONS_INIT { (uint32_t)sizeof(attestor_put_options), 0, 0, 0 }
#define ATTESTOR_DENY_ENTRY_INIT { (uint32_t)sizeof(attestor_deny_entry), 0, 0, 0, 0, NULL, 0, NULL, 0 }
#define ATTESTOR_VERIFIER_OPTIONS_INIT { (uint32_t)sizeof(attestor_verifier_options), 0, 0, 0 }
#define ATTESTOR_SUMMARY_INIT                                                                             \
    { (uint32_t)sizeof(attestor_summary), ATTESTOR_NOT_VERIFIED, ATTESTOR_CLASS_MISUSE, 0, 0,             \
      { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, { NULL, 0 },  \
      0, 0, 0 }
#define ATTESTOR_SLOT_INFO_INIT { (uint32_t)sizeof(attestor_slot_info), 0, 0, 0, 0, 0, 0, 0, { 0 }, { 0 }, \
      0, 0, 0, 0 }
#define ATTESTOR_SOURCE_INIT { (uint32_t)sizeof(attestor_source), 0, NULL, NULL, NULL, 0 }
#define ATTESTOR_SINK_OPTIONS_INIT { (uint32_t)sizeof(attestor_sink_options), 0, 0, 0 }
#define ATTESTOR_REFRESH_REPORT_INIT { (uint32_t)sizeof(attestor_refresh_report), 0, 0, 0, 0 }
#define ATTESTOR_SOURCE_HEALTH_INIT \
    { (uint32_t)sizeof(attestor_source_health), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
#define ATTESTOR_REQUEST_INIT { (uint32_t)sizeof(attestor_request), 0, ATTESTOR_NOW, NULL, 0, NULL, 0, NULL, 0, NULL, 0, 0, \
      NULL, 0, NULL, 0, 0, 0, NULL, 0, NULL, 0, NULL, 0, NULL, 0 }
#define ATTESTOR_QUESTION_INIT { (uint32_t)sizeof(attestor_question), 0, ATTESTOR_NOW, NULL, NULL, NULL, 0 }
#define ATTESTOR_RESTORE_REPORT_INIT { (uint32_t)sizeof(attestor_restore_report), 0, 0, 0, 0 }
#define ATTESTOR_READINESS_INIT { (uint32_t)sizeof(attestor_readiness), 0, 0, 0, 0, 0, 0 }
#define ATTESTOR_METRICS_INIT \
    { (uint32_t)sizeof(attestor_metrics), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
#define ATTESTOR_SOURCE_METRICS_INIT { (uint32_t)sizeof(attestor_source_metrics), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }
#define ATTESTOR_PASSPORT_CLAIMS_INIT { (uint32_t)sizeof(attestor_passport_claims), 0, 0, 0, NULL, 0, NULL, 0 }
#define ATTESTOR_RECEIPT_INIT                                                                             \
    { (uint32_t)sizeof(attestor_receipt), 0, 0, ATTESTOR_NOW, { 0 }, NULL, 0, NULL, 0, NULL, 0, NULL, 0 }

/* A summary, ready to be filled. */
static inline attestor_summary attestor_summary_default(void)
{
    attestor_summary summary = ATTESTOR_SUMMARY_INIT;
    return summary;
}

/* A slot report, ready to be filled. */
static inline attestor_slot_info attestor_slot_info_default(void)
{
    attestor_slot_info info = ATTESTOR_SLOT_INFO_INIT;
    return info;
}

/* attestor_store_put for a trust domain in a NUL-terminated string; NULL is an empty name. */
static inline attestor_status attestor_store_put_cstr(attestor_store *store, const char *trust_domain, uint32_t format,
                                                      const uint8_t *document, size_t document_len,
                                                      attestor_error *err)
{
    return attestor_store_put(store, ATTESTOR_SOURCE_TRUST_DOMAIN, trust_domain,
                              trust_domain == NULL ? 0 : strlen(trust_domain), format, document, document_len, NULL,
                              ATTESTOR_NOW, err);
}

/* An entry about nothing yet, ready to be filled. */
static inline attestor_deny_entry attestor_deny_entry_default(void)
{
    attestor_deny_entry entry = ATTESTOR_DENY_ENTRY_INIT;
    return entry;
}

/* A request about (credential, len) at the system clock. */
static inline attestor_request attestor_request_default(const uint8_t *credential, size_t len)
{
    attestor_request request = ATTESTOR_REQUEST_INIT;
    request.credential = credential;
    request.credential_len = len;
    return request;
}

/* A text of an answer by its index: ATTESTOR_TEXT_* and on. Absent past the last one. Valid as long as the
 * answer is. */
static inline attestor_str attestor_answer_text(const attestor_answer *answer, uint32_t index)
{
    const unsigned char *block = (const unsigned char *)answer;
    attestor_str text = { NULL, 0 };
    uint32_t ends[2] = { 0, 0 };
    if (index >= answer->texts)
        return text;
    if (index > 0) {
        memcpy(&ends[0], block + answer->ends_at + (size_t)(index - 1) * sizeof ends[0], sizeof ends[0]);
        ends[0]++;
    }
    memcpy(&ends[1], block + answer->ends_at + (size_t)index * sizeof ends[1], sizeof ends[1]);
    text.ptr = (const char *)block + answer->texts_at + ends[0];
    text.len = (size_t)(ends[1] - ends[0]);
    return text;
}

/* 1 if the loaded library speaks the ABI of this header. */
static inline int attestor_check_abi(void)
{
    return attestor_abi() == ATTESTOR_ABI;
}

#if defined(__cplusplus) && __cplusplus >= 201103L
#  define ATTESTOR_LAYOUT(condition) static_assert(condition, "attestor.h: layout")
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#  define ATTESTOR_LAYOUT(condition) _Static_assert(condition, "attestor.h: layout")
#else
#  define ATTESTOR_LAYOUT(condition) struct attestor_layout_unchecked
#endif

ATTESTOR_LAYOUT(sizeof(attestor_str) == 2 * sizeof(void *));
ATTESTOR_LAYOUT(sizeof(attestor_error) == 8 + 2 * sizeof(void *) + 256 + 8);
ATTESTOR_LAYOUT(offsetof(attestor_error, detail) == 8 + 2 * sizeof(void *));
ATTESTOR_LAYOUT(sizeof(attestor_store_options) == 40);
ATTESTOR_LAYOUT(sizeof(attestor_put_options) == 24);
ATTESTOR_LAYOUT(sizeof(attestor_slot_info) == 56 + 32 + 128 + 24);
ATTESTOR_LAYOUT(offsetof(attestor_slot_info, skipped) == 88);
ATTESTOR_LAYOUT(offsetof(attestor_slot_info, soft_age_secs) == 216);
ATTESTOR_LAYOUT(sizeof(attestor_sink_options) == 24);
ATTESTOR_LAYOUT(offsetof(attestor_source, fetch) == 8);
ATTESTOR_LAYOUT(offsetof(attestor_source, userdata) == 8 + 2 * sizeof(void *));
ATTESTOR_LAYOUT(sizeof(attestor_source) == offsetof(attestor_source, feed) + 8);
ATTESTOR_LAYOUT(sizeof(attestor_refresh_report) == 32);
ATTESTOR_LAYOUT(sizeof(attestor_source_health) == 72);
ATTESTOR_LAYOUT(offsetof(attestor_source_health, succeeded_at) == 48);
ATTESTOR_LAYOUT(sizeof(attestor_deny_entry) == 24 + 4 * sizeof(void *));
ATTESTOR_LAYOUT(offsetof(attestor_deny_entry, expires_at) == 16);
ATTESTOR_LAYOUT(sizeof(attestor_verifier_options) == 24);
ATTESTOR_LAYOUT(sizeof(attestor_request) == 32 + 20 * sizeof(void *));
ATTESTOR_LAYOUT(sizeof(attestor_question) == 16 + 4 * sizeof(void *));
ATTESTOR_LAYOUT(sizeof(attestor_answer) == 48);
ATTESTOR_LAYOUT(offsetof(attestor_answer, expires_at) == 16);
ATTESTOR_LAYOUT(sizeof(attestor_summary) == 24 + 16 * sizeof(void *) + 16);
ATTESTOR_LAYOUT(sizeof(attestor_passport_claims) == 24 + 4 * sizeof(void *));
ATTESTOR_LAYOUT(offsetof(attestor_summary, identity) == 24);
ATTESTOR_LAYOUT(sizeof(attestor_restore_report) == 32);
ATTESTOR_LAYOUT(sizeof(attestor_readiness) == 48);
ATTESTOR_LAYOUT(sizeof(attestor_metrics) == 152);
ATTESTOR_LAYOUT(sizeof(attestor_verdict_count) == 80);
ATTESTOR_LAYOUT(offsetof(attestor_verdict_count, code) == 68);
ATTESTOR_LAYOUT(sizeof(attestor_source_metrics) == 72);
ATTESTOR_LAYOUT(sizeof(attestor_receipt_field) == 4 * sizeof(void *));
ATTESTOR_LAYOUT(sizeof(attestor_receipt) == 56 + 8 * sizeof(void *));
ATTESTOR_LAYOUT(offsetof(attestor_receipt, event) == 56);

#undef ATTESTOR_LAYOUT

#endif  /* ATTESTOR_H */
