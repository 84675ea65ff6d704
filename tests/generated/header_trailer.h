/* Inline helpers. */

#define ATTESTOR_ERROR_INIT { (uint32_t)sizeof(attestor_error), 0, NULL, NULL, { 0 } }
#define ATTESTOR_STORE_OPTIONS_INIT { (uint32_t)sizeof(attestor_store_options), 0 }
#define ATTESTOR_PUT_OPTIONS_INIT { (uint32_t)sizeof(attestor_put_options), 0, 0 }
#define ATTESTOR_VERIFIER_OPTIONS_INIT { (uint32_t)sizeof(attestor_verifier_options), 0 }
#define ATTESTOR_REQUEST_INIT { (uint32_t)sizeof(attestor_request), 0, ATTESTOR_NOW, NULL, 0, NULL, 0 }

/* A summary, ready to be filled. */
static inline attestor_summary attestor_summary_default(void)
{
    attestor_summary summary;
    memset(&summary, 0, sizeof summary);
    summary.struct_size = (uint32_t)sizeof summary;
    summary.code = ATTESTOR_NOT_VERIFIED;
    summary.verdict_class = ATTESTOR_CLASS_MISUSE;
    return summary;
}

/* A slot report, ready to be filled. */
static inline attestor_slot_info attestor_slot_info_default(void)
{
    attestor_slot_info info;
    memset(&info, 0, sizeof info);
    info.struct_size = (uint32_t)sizeof info;
    return info;
}

/* A view of a NUL-terminated string; absent for NULL. */
static inline attestor_str attestor_str_from_cstr(const char *text)
{
    attestor_str view;
    view.ptr = text;
    view.len = text == NULL ? 0 : strlen(text);
    return view;
}

/* A request about (credential, len) at the system clock. */
static inline attestor_request attestor_request_default(const uint8_t *credential, size_t len)
{
    attestor_request request = ATTESTOR_REQUEST_INIT;
    request.credential = credential;
    request.credential_len = len;
    return request;
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
ATTESTOR_LAYOUT(sizeof(attestor_error) == 8 + 2 * sizeof(void *) + 256);
ATTESTOR_LAYOUT(offsetof(attestor_error, detail) == 8 + 2 * sizeof(void *));
ATTESTOR_LAYOUT(sizeof(attestor_store_options) == 8);
ATTESTOR_LAYOUT(sizeof(attestor_put_options) == 16);
ATTESTOR_LAYOUT(sizeof(attestor_slot_info) == 56 + 32 + 128);
ATTESTOR_LAYOUT(offsetof(attestor_slot_info, skipped) == 88);
ATTESTOR_LAYOUT(sizeof(attestor_verifier_options) == 8);
ATTESTOR_LAYOUT(sizeof(attestor_request) == 16 + 4 * sizeof(void *));
ATTESTOR_LAYOUT(sizeof(attestor_summary) == 24 + 8 * sizeof(void *));
ATTESTOR_LAYOUT(offsetof(attestor_summary, identity) == 24);
