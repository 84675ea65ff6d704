/* One crossing per call: flat arguments in, one structure out, so that cgo passes no pointer to Go memory
 * but the bytes of an input, and nothing in Go has to escape. */

#ifndef ATTESTOR_GO_SHIM_H
#define ATTESTOR_GO_SHIM_H

#include "attestor.h"

typedef struct {
    attestor_status status;
    attestor_slot_info info;
} attestor_go_info;

typedef struct {
    attestor_error error;
    size_t len;
} attestor_go_written;

typedef struct {
    attestor_store *store;
    attestor_error error;
} attestor_go_new_store;

typedef struct {
    attestor_verifier *verifier;
    attestor_error error;
} attestor_go_new_verifier;

typedef struct {
    attestor_error error;
    int32_t lifted;
} attestor_go_lifted;

typedef struct {
    attestor_error error;
    uint64_t count;
} attestor_go_counted;

typedef struct {
    attestor_error error;
    attestor_source_health health;
} attestor_go_health;

typedef struct {
    attestor_error error;
    attestor_restore_report report;
} attestor_go_restored;

typedef struct {
    attestor_error error;
    attestor_readiness readiness;
} attestor_go_ready;

typedef struct {
    attestor_error error;
    attestor_metrics metrics;
} attestor_go_counters;

typedef struct {
    attestor_error error;
    attestor_source_metrics metrics;
    size_t name_len;
} attestor_go_source_counters;

typedef struct {
    attestor_error error;
    uint64_t seq;
    uint8_t digest[32];
} attestor_go_head;

/* Asks about nothing but a credential. What the library made comes as numbers: cgo looks up where a pointer points. */
static inline attestor_status attestor_go_ask(uintptr_t verifier, uintptr_t result, int64_t now, uint32_t flags,
                                              const uint8_t *credential, size_t credential_len,
                                              attestor_answer *answer, size_t room)
{
    attestor_question question = ATTESTOR_QUESTION_INIT;
    question.flags = flags;
    question.now = now;
    question.result = (attestor_result *)result;
    question.answer = answer;
    question.room = room;
    return attestor_ask((const attestor_verifier *)verifier, &question, credential, credential_len);
}

static inline attestor_status attestor_go_ask_more(const attestor_verifier *verifier, attestor_result *result,
                                                   attestor_request request, uint32_t flags, attestor_answer *answer,
                                                   size_t room)
{
    attestor_question question = ATTESTOR_QUESTION_INIT;
    question.flags = flags;
    question.now = request.now;
    question.result = result;
    question.request = &request;
    question.answer = answer;
    question.room = room;
    return attestor_ask(verifier, &question, request.credential, request.credential_len);
}

static inline attestor_status attestor_go_answer(attestor_result *result, uint32_t flags, attestor_answer *answer,
                                                 size_t room)
{
    attestor_status status = attestor_result_answer(result, flags, answer, room, NULL);
    attestor_result_clear(result);
    return status;
}

static inline attestor_result *attestor_go_result_new(void)
{
    attestor_result *result = NULL;
    return attestor_result_new(&result, NULL) == ATTESTOR_OK ? result : NULL;
}

static inline attestor_go_new_store attestor_go_store_new(uint32_t gate_rollback, uint32_t gate_rekeyed,
                                                          uint32_t gate_replaced, uint32_t cooldown_secs,
                                                          uint32_t flags, uint32_t key_tables,
                                                          uint64_t key_table_bytes)
{
    attestor_go_new_store made = { NULL, ATTESTOR_ERROR_INIT };
    attestor_store_options options = ATTESTOR_STORE_OPTIONS_INIT;
    options.gate_rollback = gate_rollback;
    options.gate_rekeyed = gate_rekeyed;
    options.gate_replaced = gate_replaced;
    options.cooldown_secs = cooldown_secs;
    options.flags = flags;
    options.key_tables = key_tables;
    options.key_table_bytes = key_table_bytes;
    made.error.code = attestor_store_new(&options, &made.store, &made.error);
    return made;
}

static inline attestor_error attestor_go_store_put(attestor_store *store, uint32_t kind, const char *name,
                                                   size_t name_len, uint32_t format, const uint8_t *document,
                                                   size_t document_len, uint32_t flags, uint64_t feed,
                                                   uint64_t max_age_secs, int64_t now)
{
    attestor_error error = ATTESTOR_ERROR_INIT;
    attestor_put_options options = ATTESTOR_PUT_OPTIONS_INIT;
    options.flags = flags;
    options.feed = feed;
    options.max_age_secs = max_age_secs;
    error.code = attestor_store_put(store, kind, name, name_len, format, document, document_len, &options, now,
                                    &error);
    return error;
}

static inline attestor_error attestor_go_store_touch(attestor_store *store, uint32_t kind, const char *name,
                                                     size_t name_len, uint64_t feed, int64_t now)
{
    attestor_error error = ATTESTOR_ERROR_INIT;
    error.code = attestor_store_touch(store, kind, name, name_len, feed, now, &error);
    return error;
}

static inline attestor_go_counted attestor_go_store_withdraw(attestor_store *store, uint64_t feed)
{
    attestor_go_counted report = { ATTESTOR_ERROR_INIT, 0 };
    report.error.code = attestor_store_withdraw(store, feed, &report.count, &report.error);
    return report;
}

static inline int64_t attestor_go_store_next_refresh(const attestor_store *store, int64_t now)
{
    int64_t next = INT64_MAX;
    return attestor_store_next_refresh(store, now, &next, NULL) == ATTESTOR_OK ? next : INT64_MAX;
}

static inline attestor_go_health attestor_go_store_health(const attestor_store *store, uint32_t kind,
                                                          const char *name, size_t name_len, int64_t now)
{
    attestor_go_health report = { ATTESTOR_ERROR_INIT, ATTESTOR_SOURCE_HEALTH_INIT };
    report.error.code = attestor_store_health(store, kind, name, name_len, now, &report.health, &report.error);
    return report;
}

static inline attestor_go_written attestor_go_store_snapshot(const attestor_store *store, const uint8_t *key,
                                                             size_t key_len, int64_t now, uint8_t *buf, size_t cap)
{
    attestor_go_written snapshot = { ATTESTOR_ERROR_INIT, 0 };
    snapshot.error.code =
        attestor_store_snapshot(store, key, key_len, now, buf, cap, &snapshot.len, &snapshot.error);
    return snapshot;
}

static inline attestor_go_restored attestor_go_store_restore(attestor_store *store, const uint8_t *key,
                                                             size_t key_len, const uint8_t *snapshot, size_t len,
                                                             int64_t now)
{
    attestor_go_restored restored = { ATTESTOR_ERROR_INIT, ATTESTOR_RESTORE_REPORT_INIT };
    restored.error.code =
        attestor_store_restore(store, key, key_len, snapshot, len, now, &restored.report, &restored.error);
    return restored;
}

static inline attestor_error attestor_go_store_allow_publishing(attestor_store *store, uint32_t kind,
                                                                const char *name, size_t name_len, uint32_t allowed)
{
    attestor_error error = ATTESTOR_ERROR_INIT;
    error.code = attestor_store_allow_publishing(store, kind, name, name_len, allowed, &error);
    return error;
}

static inline attestor_go_written attestor_go_store_publish(const attestor_store *store, uint32_t kind,
                                                            const char *name, size_t name_len, uint32_t format,
                                                            int64_t now, uint8_t *buf, size_t cap)
{
    attestor_go_written document = { ATTESTOR_ERROR_INIT, 0 };
    document.error.code = attestor_store_publish(store, kind, name, name_len, format, now, buf, cap, &document.len,
                                                 &document.error);
    return document;
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

static inline attestor_error attestor_go_store_deny(attestor_store *store, attestor_deny_entry entry, int64_t now)
{
    attestor_error error = ATTESTOR_ERROR_INIT;
    error.code = attestor_store_deny(store, &entry, now, &error);
    return error;
}

static inline attestor_go_lifted attestor_go_store_lift(attestor_store *store, attestor_deny_entry entry)
{
    attestor_go_lifted report = { ATTESTOR_ERROR_INIT, 0 };
    report.error.code = attestor_store_lift(store, &entry, &report.lifted, &report.error);
    return report;
}

static inline attestor_error attestor_go_store_clear_denials(attestor_store *store)
{
    attestor_error error = ATTESTOR_ERROR_INIT;
    error.code = attestor_store_clear_denials(store, &error);
    return error;
}

static inline attestor_go_new_verifier attestor_go_verifier_new(const attestor_store *store, const char *policy,
                                                                size_t policy_len, uint32_t flags,
                                                                uint64_t cache_entries, uint64_t cache_bytes)
{
    attestor_go_new_verifier made = { NULL, ATTESTOR_ERROR_INIT };
    attestor_verifier_options options = ATTESTOR_VERIFIER_OPTIONS_INIT;
    options.flags = flags;
    options.cache_entries = cache_entries;
    options.cache_bytes = cache_bytes;
    made.error.code = attestor_verifier_new(store, policy, policy_len, &options, &made.verifier, &made.error);
    return made;
}

static inline attestor_go_ready attestor_go_verifier_readiness(const attestor_verifier *verifier, int64_t now)
{
    attestor_go_ready report = { ATTESTOR_ERROR_INIT, ATTESTOR_READINESS_INIT };
    report.error.code = attestor_verifier_readiness(verifier, now, &report.readiness, &report.error);
    return report;
}

static inline attestor_go_counters attestor_go_verifier_metrics(const attestor_verifier *verifier)
{
    attestor_go_counters report = { ATTESTOR_ERROR_INIT, ATTESTOR_METRICS_INIT };
    report.error.code = attestor_verifier_metrics(verifier, &report.metrics, &report.error);
    return report;
}

static inline attestor_go_written attestor_go_verifier_verdict_counts(const attestor_verifier *verifier,
                                                                      attestor_verdict_count *rows, size_t cap)
{
    attestor_go_written counts = { ATTESTOR_ERROR_INIT, 0 };
    counts.error.code = attestor_verifier_verdict_counts(verifier, rows, cap, &counts.len, &counts.error);
    return counts;
}

static inline attestor_go_source_counters attestor_go_verifier_source_metrics(const attestor_verifier *verifier,
                                                                              uint64_t index, int64_t now, char *name,
                                                                              size_t cap)
{
    attestor_go_source_counters report = { ATTESTOR_ERROR_INIT, ATTESTOR_SOURCE_METRICS_INIT, 0 };
    report.error.code = attestor_verifier_source_metrics(verifier, index, now, &report.metrics, name, cap,
                                                         &report.name_len, &report.error);
    return report;
}

static inline attestor_error attestor_go_verifier_set_policy(attestor_verifier *verifier, const char *policy,
                                                             size_t policy_len)
{
    attestor_error error = ATTESTOR_ERROR_INIT;
    error.code = attestor_verifier_set_policy(verifier, policy, policy_len, &error);
    return error;
}

static inline attestor_error attestor_go_verifier_set_shadow_policy(attestor_verifier *verifier, const char *policy,
                                                                    size_t policy_len)
{
    attestor_error error = ATTESTOR_ERROR_INIT;
    error.code = attestor_verifier_set_shadow_policy(verifier, policy, policy_len, &error);
    return error;
}

#define ATTESTOR_GO_TEXTS 64

/* Texts that stand one after the other in `all`, `lens` their lengths; those past the limit are left out. */
static inline size_t attestor_go_split(const char *all, const size_t *lens, size_t count, attestor_str *out)
{
    size_t at;
    for (at = 0; at < count && at < ATTESTOR_GO_TEXTS; at++) {
        out[at].ptr = all;
        out[at].len = lens[at];
        all += lens[at];
    }
    return at;
}

static inline attestor_go_written attestor_go_passport_mint(attestor_passport_claims claims, const char *audiences,
                                                            const size_t *lens, size_t count, const uint8_t *seed,
                                                            size_t seed_len, uint8_t *buf, size_t cap)
{
    attestor_go_written passport = { ATTESTOR_ERROR_INIT, 0 };
    attestor_str views[ATTESTOR_GO_TEXTS];
    claims.audiences_len = attestor_go_split(audiences, lens, count, views);
    claims.audiences = claims.audiences_len == 0 ? NULL : views;
    passport.error.code = attestor_passport_mint(&claims, seed, seed_len, buf, cap, &passport.len, &passport.error);
    return passport;
}

static inline attestor_go_written attestor_go_passport_thumbprint(const uint8_t *seed, size_t seed_len, uint8_t *buf,
                                                                  size_t cap)
{
    attestor_go_written thumbprint = { ATTESTOR_ERROR_INIT, 0 };
    thumbprint.error.code =
        attestor_passport_thumbprint(seed, seed_len, buf, cap, &thumbprint.len, &thumbprint.error);
    return thumbprint;
}

static inline attestor_error attestor_go_possession_message(const uint8_t *challenge, size_t challenge_len,
                                                            const char *audience, size_t audience_len,
                                                            const uint8_t *passport, size_t passport_len,
                                                            uint8_t *out)
{
    attestor_error error = ATTESTOR_ERROR_INIT;
    error.code = attestor_possession_message(challenge, challenge_len, audience, audience_len, passport,
                                             passport_len, out, &error);
    return error;
}

/* `texts` has `count` names and values in turn: name, value, name, value. */
static inline attestor_go_written attestor_go_receipt_write(attestor_receipt receipt, const char *texts,
                                                            const size_t *lens, size_t count, uint8_t *buf, size_t cap)
{
    attestor_go_written line = { ATTESTOR_ERROR_INIT, 0 };
    attestor_receipt_field fields[ATTESTOR_GO_TEXTS];
    size_t at;
    for (at = 0; at < count && at < ATTESTOR_GO_TEXTS; at++) {
        attestor_str pair[2];
        pair[0].ptr = texts;
        pair[0].len = lens[2 * at];
        pair[1].ptr = texts + pair[0].len;
        pair[1].len = lens[2 * at + 1];
        texts = pair[1].ptr + pair[1].len;
        fields[at].name = pair[0];
        fields[at].value = pair[1];
    }
    receipt.host = at == 0 ? NULL : fields;
    receipt.host_count = at;
    line.error.code = attestor_receipt_write(&receipt, buf, cap, &line.len, &line.error);
    return line;
}

static inline attestor_go_head attestor_go_receipt_head(const uint8_t *text, size_t len)
{
    attestor_go_head head = { ATTESTOR_ERROR_INIT, 0, { 0 } };
    head.error.code = attestor_receipt_head(text, len, &head.seq, head.digest, &head.error);
    return head;
}

#endif /* ATTESTOR_GO_SHIM_H */
