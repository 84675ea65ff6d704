/* attestor.h - decide offline, in process, whether a workload is what it claims to be.
 *
 * Generated from src/ffi by `make generate`; do not edit.
 *
 * The nouns
 *   attestor_store     the bundle cache: sources, each with slots of keys       shared
 *   attestor_verifier  a store and a policy                                     shared
 *   attestor_request   one question, on the caller's stack                      plain
 *   attestor_result    storage of one verdict, made once and reused             local
 *
 * Conventions
 *   Status     Every fallible function returns an attestor_status. ATTESTOR_OK (0) is the only acceptance;
 *              1-99 misuse or misconfiguration, 1000-1999 deny, 2000-2099 unavailable.
 *   Threads    const means concurrent: calls that take a handle by const pointer may run at the same time,
 *              others need the handle alone. attestor_store changes are the exception: locked inside, and
 *              no reader ever waits for them. Every shared handle may be used from any number of threads.
 *   Memory     What attestor makes, attestor frees. `_free(NULL)` does nothing. No caller pointer is kept.
 *   Inputs     (pointer, length) pairs: text as const char *, bytes from outside as const uint8_t *.
 *              (NULL, 0) is an empty input; (NULL, n) is ATTESTOR_ARGUMENT_INVALID. Lengths over a limit
 *              are refused before the bytes are read.
 *   NULL       A pointer that may be NULL is said to be; any other NULL is ATTESTOR_ARGUMENT_INVALID.
 *   Outputs    Written on ATTESTOR_OK only, except where a function says otherwise.
 *   Structures that hold options start with their own size and are all zero by default: use the _INIT macros.
 *              Members are only ever appended.
 *   Errors     attestor_error is optional, in the caller's memory, and holds no bytes of a credential.
 *   Panics     No panic crosses this boundary: it becomes ATTESTOR_INTERNAL_ERROR, and nothing is allowed.
 *   The library starts no thread, does no I/O, reads no environment, keeps no global state, calls nobody back.
 */
