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
