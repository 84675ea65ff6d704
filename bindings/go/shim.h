/* One crossing per call: flat arguments in, one structure out, so that cgo passes no pointer to Go memory
 * but the bytes of an input, and nothing in Go has to escape. */

#ifndef ATTESTOR_GO_SHIM_H
#define ATTESTOR_GO_SHIM_H

#include "attestor.h"

typedef struct {
    attestor_status status;
    attestor_summary summary;
} attestor_go_verdict;

typedef struct {
    attestor_status status;
    attestor_slot_info info;
} attestor_go_info;

typedef struct {
    attestor_status status;
    size_t len;
} attestor_go_evidence_len;

typedef struct {
    attestor_store *store;
    attestor_error error;
} attestor_go_new_store;

typedef struct {
    attestor_verifier *verifier;
    attestor_error error;
} attestor_go_new_verifier;

static inline attestor_go_verdict attestor_go_verify(const attestor_verifier *verifier, attestor_result *result,
                                                     const char *credential, size_t credential_len,
                                                     const char *id, size_t id_len,
                                                     const char *nonce, size_t nonce_len,
                                                     const char *access_token, size_t access_token_len,
                                                     uint64_t max_age_secs, int64_t now)
{
    attestor_go_verdict verdict;
    attestor_request request = attestor_request_default((const uint8_t *)credential, credential_len);
    request.now = now;
    request.attestor_id = id;
    request.attestor_id_len = id_len;
    request.nonce = nonce;
    request.nonce_len = nonce_len;
    request.access_token = (const uint8_t *)access_token;
    request.access_token_len = access_token_len;
    request.max_age_secs = max_age_secs;
    verdict.summary = attestor_summary_default();
    verdict.status = attestor_verify(verifier, &request, result, &verdict.summary, NULL);
    return verdict;
}

static inline attestor_go_evidence_len attestor_go_evidence(const attestor_result *result, uint8_t *buf, size_t cap)
{
    attestor_go_evidence_len evidence = { ATTESTOR_INTERNAL_ERROR, 0 };
    evidence.status = attestor_result_evidence(result, buf, cap, &evidence.len, NULL);
    return evidence;
}

static inline attestor_result *attestor_go_result_new(void)
{
    attestor_result *result = NULL;
    return attestor_result_new(&result, NULL) == ATTESTOR_OK ? result : NULL;
}

static inline attestor_go_new_store attestor_go_store_new(void)
{
    attestor_go_new_store made = { NULL, ATTESTOR_ERROR_INIT };
    made.error.code = attestor_store_new(NULL, &made.store, &made.error);
    return made;
}

static inline attestor_error attestor_go_store_put(attestor_store *store, uint32_t kind, const char *name,
                                                   size_t name_len, uint32_t format, const uint8_t *document,
                                                   size_t document_len, uint32_t flags, uint64_t feed, int64_t now)
{
    attestor_error error = ATTESTOR_ERROR_INIT;
    attestor_put_options options = ATTESTOR_PUT_OPTIONS_INIT;
    options.flags = flags;
    options.feed = feed;
    error.code = attestor_store_put(store, kind, name, name_len, format, document, document_len, &options, now,
                                    &error);
    return error;
}

static inline attestor_error attestor_go_store_remove(attestor_store *store, uint32_t kind, const char *name,
                                                      size_t name_len)
{
    attestor_error error = ATTESTOR_ERROR_INIT;
    error.code = attestor_store_remove(store, kind, name, name_len, &error);
    return error;
}

static inline attestor_go_info attestor_go_store_info(const attestor_store *store, uint32_t kind, const char *name,
                                                      size_t name_len, uint32_t slot)
{
    attestor_go_info report;
    report.info = attestor_slot_info_default();
    report.status = attestor_store_info(store, kind, name, name_len, slot, &report.info, NULL);
    return report;
}

static inline attestor_go_new_verifier attestor_go_verifier_new(const attestor_store *store, const char *policy,
                                                                size_t policy_len)
{
    attestor_go_new_verifier made = { NULL, ATTESTOR_ERROR_INIT };
    made.error.code = attestor_verifier_new(store, policy, policy_len, NULL, &made.verifier, &made.error);
    return made;
}

static inline attestor_error attestor_go_verifier_set_policy(attestor_verifier *verifier, const char *policy,
                                                             size_t policy_len)
{
    attestor_error error = ATTESTOR_ERROR_INIT;
    error.code = attestor_verifier_set_policy(verifier, policy, policy_len, &error);
    return error;
}

#endif /* ATTESTOR_GO_SHIM_H */
