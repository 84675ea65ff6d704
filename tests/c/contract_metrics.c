/* What a verifier counts and knows: verdicts by attestor and code, readiness, the policy's sources. */
#include "contract.h"
#include "material.h"

#include <stdio.h>

enum { ROWS = 16 };

static attestor_metrics metrics_of(const attestor_verifier *verifier)
{
    attestor_metrics metrics = ATTESTOR_METRICS_INIT;
    CHECK_STATUS(attestor_verifier_metrics(verifier, &metrics, NULL), ATTESTOR_OK);
    return metrics;
}

/* How often this attestor came to this verdict. */
static uint64_t count_of(const attestor_verifier *verifier, const char *attestor, attestor_status code)
{
    attestor_verdict_count rows[ROWS];
    size_t len = 0;
    CHECK_STATUS(attestor_verifier_verdict_counts(verifier, rows, ROWS, &len, NULL), ATTESTOR_OK);
    for (size_t i = 0; i < len; i++)
        if (strcmp(rows[i].attestor_id, attestor) == 0 && rows[i].code == code) return rows[i].count;
    return 0;
}

static void every_verdict_is_counted(void)
{
    struct setup s = setup_new();
    attestor_request request = setup_request(&s);
    size_t len = 77;
    CHECK_STATUS(attestor_verifier_verdict_counts(s.verifier, NULL, 0, &len, NULL), ATTESTOR_OK);
    CHECK(len == 0);
    for (int i = 0; i < 3; i++) CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    CHECK_STATUS(put_bytes(s.store, s.revoking, NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_KID_NOT_FOUND);
    CHECK_STATUS(attestor_store_withdraw(s.store, FEED, NULL, NULL), ATTESTOR_OK);
    for (int i = 0; i < 2; i++) CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_BUNDLE_UNAVAILABLE);
    request.credential_len = 10;
    CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, NULL, NULL), ATTESTOR_MALFORMED_TOKEN);
    request.now = 0;
    CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, NULL, NULL), ATTESTOR_CLOCK_INVALID);
    attestor_metrics metrics = metrics_of(s.verifier);
    CHECK(metrics.allowed == 3 && metrics.denied == 2 && metrics.unavailable == 2 && metrics.misused == 1);
    CHECK(count_of(s.verifier, "spiffe", ATTESTOR_OK) == 3);
    CHECK(count_of(s.verifier, "spiffe", ATTESTOR_KID_NOT_FOUND) == 1);
    CHECK(count_of(s.verifier, "spiffe", ATTESTOR_BUNDLE_UNAVAILABLE) == 2);
    CHECK(count_of(s.verifier, "", ATTESTOR_MALFORMED_TOKEN) == 1);
    CHECK(count_of(s.verifier, "", ATTESTOR_CLOCK_INVALID) == 1);
    setup_free(&s);
}

static attestor_verifier *verifier_of(const struct setup *s, uint32_t flags, uint64_t entries, uint64_t bytes)
{
    attestor_verifier_options options = ATTESTOR_VERIFIER_OPTIONS_INIT;
    attestor_verifier *verifier = NULL;
    options.flags = flags;
    options.cache_entries = entries;
    options.cache_bytes = bytes;
    CHECK_STATUS(attestor_verifier_new(s->store, POLICY, strlen(POLICY), &options, &verifier, NULL), ATTESTOR_OK);
    return verifier;
}

/* Verifies three times by a verifier of its own. */
static attestor_metrics three_verdicts(uint32_t flags, uint64_t entries, uint64_t bytes, uint32_t wanted)
{
    struct setup s = setup_new();
    attestor_request request = setup_request(&s);
    attestor_verifier *verifier = verifier_of(&s, flags, entries, bytes);
    for (int i = 0; i < 3; i++) {
        attestor_summary summary = attestor_summary_default();
        CHECK_STATUS(attestor_verify(verifier, &request, s.result, &summary, NULL), ATTESTOR_OK);
        CHECK(summary.flags == (ATTESTOR_AUTHENTICATED | (i == 0 ? 0 : wanted)));
    }
    attestor_metrics metrics = metrics_of(verifier);
    CHECK(metrics.allowed == 3);
    attestor_verifier_free(verifier);
    setup_free(&s);
    return metrics;
}

static void the_cache_is_told_of_and_can_be_off(void)
{
    attestor_metrics on = three_verdicts(0, 0, 0, ATTESTOR_FROM_CACHE);
    CHECK(on.cache_hits == 2 && on.cache_misses == 1 && on.cache_stale == 0);
    CHECK(on.cache_insertions == 1 && on.cache_evictions == 0 && on.cache_entries == 1 && on.cache_bytes > 0);
    attestor_metrics most = three_verdicts(0, 1 << 20, UINT64_MAX, ATTESTOR_FROM_CACHE);
    CHECK(most.cache_hits == 2);
    attestor_metrics off = three_verdicts(ATTESTOR_VERIFIER_NO_CACHE, 100, 1 << 20, 0);
    CHECK(off.cache_hits == 0 && off.cache_insertions == 0 && off.cache_entries == 0);
    attestor_metrics full = three_verdicts(0, 0, 1, 0); /* no verdict fits in a byte */
    CHECK(full.cache_hits == 0 && full.cache_entries == 0 && full.cache_bytes <= 1);
}

static void a_cache_of_absurd_size_is_refused(void)
{
    struct setup s = setup_new();
    attestor_verifier_options options = ATTESTOR_VERIFIER_OPTIONS_INIT;
    const uint64_t absurd[] = {(1 << 20) + 1, INT64_MAX, UINT64_MAX};
    for (int i = 0; i < 3; i++) {
        attestor_verifier *verifier = s.verifier;
        options.cache_entries = absurd[i];
        CHECK_STATUS(attestor_verifier_new(s.store, POLICY, strlen(POLICY), &options, &verifier, NULL),
                     ATTESTOR_ARGUMENT_INVALID);
        CHECK(verifier == NULL);
    }
    setup_free(&s);
}

static void what_the_cache_knew_is_stale_once_its_key_is_revoked(void)
{
    struct setup s = setup_new();
    for (int i = 0; i < 2; i++) CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    CHECK_STATUS(put_bytes(s.store, s.revoking, NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_KID_NOT_FOUND);
    attestor_metrics metrics = metrics_of(s.verifier);
    CHECK(metrics.cache_hits == 1 && metrics.cache_stale == 1);
    setup_free(&s);
}

static void an_attestor_that_left_the_policy_is_other(void)
{
    struct setup s = setup_new();
    const char *renamed = "{\"version\":1,\"attestors\":[{\"id\":\"renamed\",\"kind\":\"spiffe\","
                          "\"audiences\":[\"" AUDIENCE "\"],\"trust_domains\":[\"" DOMAIN "\"]}]}";
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_verifier_set_policy(s.verifier, renamed, strlen(renamed), NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    CHECK(count_of(s.verifier, "spiffe", ATTESTOR_OK) == 0);
    CHECK(count_of(s.verifier, "other", ATTESTOR_OK) == 1);
    CHECK(count_of(s.verifier, "renamed", ATTESTOR_OK) == 1);
    CHECK(metrics_of(s.verifier).allowed == 2);
    setup_free(&s);
}

static void rows_fit_or_are_not_written(void)
{
    struct setup s = setup_new();
    attestor_verdict_count rows[2];
    size_t len = 0;
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    CHECK_STATUS(put_bytes(s.store, s.revoking, NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_KID_NOT_FOUND);
    memset(rows, 0xA5, sizeof rows);
    CHECK_STATUS(attestor_verifier_verdict_counts(s.verifier, NULL, 0, &len, NULL), ATTESTOR_BUFFER_TOO_SMALL);
    CHECK(len == 2);
    len = 0;
    CHECK_STATUS(attestor_verifier_verdict_counts(s.verifier, rows, 1, &len, NULL), ATTESTOR_BUFFER_TOO_SMALL);
    CHECK(len == 2 && rows[0].reserved[0] == 0xA5);
    CHECK_STATUS(attestor_verifier_verdict_counts(s.verifier, rows, 2, &len, NULL), ATTESTOR_OK);
    for (int i = 0; i < 2; i++) {
        CHECK(rows[i].reserved[0] == 0 && rows[i].reserved[1] == 0 && rows[i].reserved[2] == 0);
        CHECK(rows[i].count == 1 && rows[i].attestor_id[64] == '\0');
    }
    CHECK_STATUS(attestor_verifier_verdict_counts(NULL, rows, 2, &len, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_verifier_verdict_counts(s.verifier, NULL, 2, &len, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_verifier_verdict_counts(s.verifier, rows, 2, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    setup_free(&s);
}

static void the_longest_id_fits_its_row(void)
{
    struct setup s = setup_new();
    char id[65], policy[512];
    attestor_verdict_count row;
    size_t len = 0;
    memset(id, 'a', 64);
    id[64] = '\0';
    snprintf(policy, sizeof policy,
             "{\"version\":1,\"attestors\":[{\"id\":\"%s\",\"kind\":\"spiffe\",\"audiences\":[\"" AUDIENCE
             "\"],\"trust_domains\":[\"" DOMAIN "\"]}]}",
             id);
    CHECK_STATUS(attestor_verifier_set_policy(s.verifier, policy, strlen(policy), NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_verifier_verdict_counts(s.verifier, &row, 1, &len, NULL), ATTESTOR_OK);
    CHECK_TEXT(row.attestor_id, id);
    setup_free(&s);
}

static void readiness_is_of_what_the_policy_names(void)
{
    struct setup s = setup_new();
    attestor_readiness readiness = ATTESTOR_READINESS_INIT;
    struct bytes empty = bytes_copy("{\"keys\":[]}", 11);
    /* The policy names DOMAIN and partner.example. */
    CHECK_STATUS(attestor_verifier_readiness(s.verifier, CLOCK, &readiness, NULL), ATTESTOR_OK);
    CHECK(readiness.ready == 0 && readiness.sources == 2 && readiness.fresh == 1 && readiness.missing == 1);
    CHECK_STATUS(attestor_store_put(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, "partner.example", 15,
                                    ATTESTOR_FORMAT_SPIFFE_BUNDLE, empty.ptr, empty.len, NULL, CLOCK + 300, NULL),
                 ATTESTOR_OK);
    static const struct {
        int64_t age;
        attestor_readiness wanted;
    } ages[] = {
        {0, {0, 1, 2, 2, 0, 0, 0}},   {300, {0, 1, 2, 1, 1, 0, 0}}, {600, {0, 0, 2, 0, 1, 1, 0}},
        {899, {0, 0, 2, 0, 1, 1, 0}}, {900, {0, 0, 2, 0, 0, 2, 0}},
    };
    for (size_t i = 0; i < sizeof ages / sizeof *ages; i++) {
        const attestor_readiness *wanted = &ages[i].wanted;
        CHECK_STATUS(attestor_verifier_readiness(s.verifier, CLOCK + ages[i].age, &readiness, NULL), ATTESTOR_OK);
        CHECK(readiness.ready == wanted->ready && readiness.sources == wanted->sources);
        CHECK(readiness.fresh == wanted->fresh && readiness.due == wanted->due);
        CHECK(readiness.stale == wanted->stale && readiness.missing == wanted->missing);
    }
    CHECK_STATUS(attestor_verifier_readiness(s.verifier, 0, &readiness, NULL), ATTESTOR_CLOCK_INVALID);
    CHECK_STATUS(attestor_verifier_readiness(NULL, CLOCK, &readiness, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_verifier_readiness(s.verifier, CLOCK, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_verifier_metrics(NULL, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_verifier_metrics(s.verifier, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    bytes_free(&empty);
    setup_free(&s);
}

static attestor_status source_row(const struct setup *s, uint64_t index, attestor_source_metrics *out, char *name,
                                  size_t cap)
{
    size_t len = 0;
    *out = (attestor_source_metrics)ATTESTOR_SOURCE_METRICS_INIT;
    attestor_status status =
        attestor_verifier_source_metrics(s->verifier, index, CLOCK + 10, out, name, cap, &len, NULL);
    if (status == ATTESTOR_OK) name[len] = '\0';
    return status;
}

static void sources_are_told_by_their_names(void)
{
    struct setup s = setup_new();
    attestor_source_metrics row;
    char name[64];
    for (int i = 0; i < 2; i++) {
        char other[16];
        int len = snprintf(other, sizeof other, "td%d.example", i);
        CHECK_STATUS(attestor_store_put(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, other, (size_t)len,
                                        ATTESTOR_FORMAT_SPIFFE_BUNDLE, s.bundle.ptr, s.bundle.len, NULL, CLOCK + i,
                                        NULL),
                     ATTESTOR_OK);
    }
    CHECK_STATUS(put_text(s.store, "{", NULL), ATTESTOR_BUNDLE_MALFORMED);
    CHECK(attestor_verifier_source_count(s.verifier) == 3 && attestor_verifier_source_count(NULL) == 0);
    CHECK_STATUS(source_row(&s, 0, &row, name, sizeof name), ATTESTOR_OK);
    CHECK_TEXT(name, DOMAIN);
    CHECK(row.kind == ATTESTOR_SOURCE_TRUST_DOMAIN && row.sources == 1 && row.age_secs == 10);
    CHECK(row.jwt_freshness == ATTESTOR_FRESH && row.x509_freshness == ATTESTOR_FRESH);
    CHECK(row.keys == 1 && row.authorities == 1 && row.skipped == 0 && row.refreshes == 1 && row.failures == 1);
    CHECK_STATUS(source_row(&s, 1, &row, name, sizeof name), ATTESTOR_OK);
    CHECK_TEXT(name, "partner.example");
    CHECK(row.sources == 1 && row.age_secs == -1 && row.jwt_freshness == 0 && row.x509_freshness == 0);
    CHECK_STATUS(source_row(&s, 2, &row, name, sizeof name), ATTESTOR_OK);
    CHECK_TEXT(name, "");
    CHECK(row.kind == 0 && row.sources == 2 && row.age_secs == 10 && row.keys == 2 && row.refreshes == 2);
    CHECK_STATUS(source_row(&s, 3, &row, name, sizeof name), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(source_row(&s, UINT64_MAX, &row, name, sizeof name), ATTESTOR_ARGUMENT_INVALID);
    setup_free(&s);
}

static void a_source_name_fits_or_is_not_written(void)
{
    struct setup s = setup_new();
    attestor_source_metrics row = ATTESTOR_SOURCE_METRICS_INIT;
    char name[sizeof DOMAIN];
    size_t len = 0, n = strlen(DOMAIN);
    memset(name, '#', sizeof name);
    CHECK_STATUS(attestor_verifier_source_metrics(s.verifier, 0, CLOCK, &row, NULL, 0, &len, NULL),
                 ATTESTOR_BUFFER_TOO_SMALL);
    CHECK(len == n && row.keys == 1);
    CHECK_STATUS(attestor_verifier_source_metrics(s.verifier, 0, CLOCK, &row, name, n - 1, &len, NULL),
                 ATTESTOR_BUFFER_TOO_SMALL);
    CHECK(len == n && name[0] == '#');
    CHECK_STATUS(attestor_verifier_source_metrics(s.verifier, 0, CLOCK, &row, name, n, &len, NULL), ATTESTOR_OK);
    CHECK(memcmp(name, DOMAIN "#", n + 1) == 0);
    CHECK_STATUS(attestor_verifier_source_metrics(s.verifier, 2, CLOCK, &row, NULL, 0, &len, NULL), ATTESTOR_OK);
    CHECK(len == 0);
    CHECK_STATUS(attestor_verifier_source_metrics(NULL, 0, CLOCK, &row, name, n, &len, NULL),
                 ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_verifier_source_metrics(s.verifier, 0, CLOCK, NULL, name, n, &len, NULL),
                 ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_verifier_source_metrics(s.verifier, 0, CLOCK, &row, NULL, n, &len, NULL),
                 ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_verifier_source_metrics(s.verifier, 0, CLOCK, &row, name, n, NULL, NULL),
                 ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_verifier_source_metrics(s.verifier, 0, 0, &row, name, n, &len, NULL),
                 ATTESTOR_CLOCK_INVALID);
    setup_free(&s);
}

/* What a store of these options says of its tables after four verdicts without a cache. */
static attestor_metrics tables_of(const attestor_store_options *options, uint32_t flags)
{
    struct setup s = setup_new();
    attestor_metrics metrics = ATTESTOR_METRICS_INIT;
    attestor_verifier_options verifier = ATTESTOR_VERIFIER_OPTIONS_INIT;
    verifier.flags = ATTESTOR_VERIFIER_NO_CACHE | flags;
    attestor_verifier_free(s.verifier);
    attestor_store_free(s.store);
    test_need(attestor_store_new(options, &s.store, NULL) == ATTESTOR_OK, "a store");
    CHECK_STATUS(put_bytes(s.store, s.bundle, NULL), ATTESTOR_OK);
    test_need(attestor_verifier_new(s.store, POLICY, strlen(POLICY), &verifier, &s.verifier, NULL) == ATTESTOR_OK,
              "a verifier");
    for (int i = 0; i < 4; i++)
        CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_verifier_metrics(s.verifier, &metrics, NULL), ATTESTOR_OK);
    setup_free(&s);
    CHECK(metrics.key_tables_by_table + metrics.key_tables_by_reference >= 4);
    CHECK(metrics.key_tables_disagreements == 0);
    return metrics;
}

static uint32_t ifma_of_this_processor(void)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512ifma")) return ATTESTOR_METRICS_IFMA;
#endif
    return 0;
}

static void tables_are_made_as_the_store_says(void)
{
    attestor_store_options options = ATTESTOR_STORE_OPTIONS_INIT;
    attestor_store *store = NULL;
    const uint32_t not_yet[] = {0, ATTESTOR_KEY_TABLES_OFF, ATTESTOR_KEY_TABLES_AUTO};
    for (size_t i = 0; i < sizeof not_yet / sizeof *not_yet; i++) {
        options.key_tables = not_yet[i];
        const attestor_metrics none = tables_of(&options, 0);
        CHECK(none.key_tables_made == 0 && none.key_tables_held == 0 && none.key_tables_bytes == 0);
        CHECK(none.key_tables_by_table == 0 && none.key_tables_by_reference == 4);
        CHECK(none.flags == ifma_of_this_processor());
    }
    options.key_tables = ATTESTOR_KEY_TABLES_AT_LOAD;
    for (uint32_t flags = 0; flags < 2; flags++) {
        options.flags = flags * ATTESTOR_STORE_NO_IFMA;
        const attestor_metrics made = tables_of(&options, flags * ATTESTOR_VERIFIER_DOUBLE_CHECK);
        CHECK(made.key_tables_held == 1 && made.key_tables_made == 1 && made.key_tables_bytes > 0);
        /* The first verdict is the reference's and proves the table, which gives the others. */
        CHECK(made.key_tables_by_table == 3 && made.key_tables_by_reference == 1 + 3 * flags);
        CHECK(made.flags == (flags == 0 ? ifma_of_this_processor() : 0));
    }
    /* No table fits. */
    options.key_table_bytes = 1;
    const attestor_metrics full = tables_of(&options, 0);
    CHECK(full.key_tables_held == 0 && full.key_tables_made == 0 && full.key_tables_by_reference == 4);
    options.key_tables = 4;
    CHECK_STATUS(attestor_store_new(&options, &store, NULL), ATTESTOR_ARGUMENT_INVALID);
    options.key_tables = 0;
    options.reserved = 1;
    CHECK_STATUS(attestor_store_new(&options, &store, NULL), ATTESTOR_OPTION_UNSUPPORTED);
}

void metrics_tests(void)
{
    RUN(every_verdict_is_counted);
    RUN(the_cache_is_told_of_and_can_be_off);
    RUN(a_cache_of_absurd_size_is_refused);
    RUN(what_the_cache_knew_is_stale_once_its_key_is_revoked);
    RUN(an_attestor_that_left_the_policy_is_other);
    RUN(rows_fit_or_are_not_written);
    RUN(the_longest_id_fits_its_row);
    RUN(readiness_is_of_what_the_policy_names);
    RUN(sources_are_told_by_their_names);
    RUN(a_source_name_fits_or_is_not_written);
    RUN(tables_are_made_as_the_store_says);
}
