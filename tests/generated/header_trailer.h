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
