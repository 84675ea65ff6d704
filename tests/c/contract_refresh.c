/* Verifications that refresh, a world of domains, and what is known of a source's feeding. */
#include "contract.h"
#include "host.h"

static attestor_status verify_refreshing(const struct setup *s, int64_t now, attestor_summary *summary)
{
    attestor_request request = setup_request(s);
    request.now = now;
    return attestor_verify_refreshing(s->verifier, &request, s->result, summary, NULL);
}

static void a_refreshing_verification_fetches_what_is_missing(void)
{
    struct host host;
    struct setup s = setup_unfed(&host);
    attestor_summary summary = attestor_summary_default();
    CHECK_STATUS(set(s.store, &host), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_BUNDLE_UNAVAILABLE);
    CHECK(host.calls == 0);
    CHECK_STATUS(verify_refreshing(&s, CLOCK, &summary), ATTESTOR_OK);
    CHECK(host.calls == 1);
    CHECK_VIEW(summary.identity, IDENTITY);
    /* What is due is still used; what is stale is fetched. */
    CHECK_STATUS(verify_refreshing(&s, CLOCK + 300, &summary), ATTESTOR_OK);
    CHECK(host.calls == 1 && (summary.flags & ATTESTOR_BUNDLE_DUE) != 0);
    CHECK_STATUS(verify_refreshing(&s, CLOCK + 600, &summary), ATTESTOR_OK);
    CHECK(host.calls == 2 && (summary.flags & ATTESTOR_BUNDLE_DUE) == 0);
    setup_free(&s);
}

static void a_missing_key_is_fetched_once_in_a_cooldown(void)
{
    struct host host;
    struct setup s = setup_unfed(&host);
    attestor_summary summary = attestor_summary_default();
    attestor_sink_options force = ATTESTOR_SINK_OPTIONS_INIT;
    force.flags = ATTESTOR_PUT_FORCE; /* the newer bundle comes first here */
    host.options = &force;
    host.document = s.revoking;
    CHECK_STATUS(set(s.store, &host), ATTESTOR_OK);
    CHECK_STATUS(verify_refreshing(&s, CLOCK, &summary), ATTESTOR_KID_NOT_FOUND);
    CHECK(host.calls == 1 && (summary.flags & ATTESTOR_REFRESH_WANTED) != 0);
    CHECK((health_at(s.store, CLOCK).flags & ATTESTOR_HEALTH_WANTED) != 0);
    host.document = s.bundle;
    CHECK_STATUS(verify_refreshing(&s, CLOCK + 9, &summary), ATTESTOR_KID_NOT_FOUND);
    CHECK(host.calls == 1);
    CHECK_STATUS(verify_refreshing(&s, CLOCK + 10, &summary), ATTESTOR_OK);
    CHECK(host.calls == 2 && summary.flags == ATTESTOR_AUTHENTICATED);
    CHECK((health_at(s.store, CLOCK + 10).flags & ATTESTOR_HEALTH_WANTED) == 0);
    setup_free(&s);
}

static void a_refusal_that_no_refresh_cures_fetches_nothing(void)
{
    struct host host;
    struct setup s = setup_unfed(&host);
    attestor_request request = setup_request(&s);
    CHECK_STATUS(set(s.store, &host), ATTESTOR_OK);
    request.credential_len--;
    CHECK(attestor_status_class(attestor_verify_refreshing(s.verifier, &request, s.result, NULL, NULL)) ==
          ATTESTOR_CLASS_DENY);
    CHECK_STATUS(verify_refreshing(&s, EXPIRES + SKEW, NULL), ATTESTOR_TOKEN_EXPIRED);
    CHECK(host.calls == 0);
    CHECK_STATUS(attestor_verify_refreshing(NULL, &request, s.result, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_verify_refreshing(s.verifier, NULL, s.result, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_verify_refreshing(s.verifier, &request, NULL, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK(host.calls == 0);
    setup_free(&s);
}

static void a_refreshing_admission_needs_its_passport(void)
{
    struct host host;
    struct setup s = setup_unfed(&host);
    static const uint8_t seed[32] = {1};
    uint8_t passport[4096];
    size_t len = 0;
    attestor_passport_claims claims = ATTESTOR_PASSPORT_CLAIMS_INIT;
    attestor_request request = setup_request(&s);
    attestor_summary summary = attestor_summary_default();
    claims.expires_at = CLOCK + 300;
    CHECK_STATUS(attestor_passport_mint(&claims, seed, sizeof seed, passport, sizeof passport, &len, NULL),
                 ATTESTOR_OK);
    CHECK_STATUS(set(s.store, &host), ATTESTOR_OK);
    CHECK_STATUS(attestor_admit_refreshing(s.verifier, &request, s.result, &summary, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK(host.calls == 0 && summary.verdict_class == ATTESTOR_CLASS_MISUSE);
    request.passport = passport;
    request.passport_len = len;
    CHECK_STATUS(attestor_admit(s.verifier, &request, s.result, &summary, NULL), ATTESTOR_BUNDLE_UNAVAILABLE);
    CHECK_STATUS(attestor_admit_refreshing(s.verifier, &request, s.result, &summary, NULL), ATTESTOR_OK);
    CHECK(host.calls == 1);
    CHECK_VIEW(summary.identity, IDENTITY);
    CHECK_STATUS(attestor_admit_refreshing(NULL, &request, s.result, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_admit_refreshing(s.verifier, NULL, s.result, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_admit_refreshing(s.verifier, &request, NULL, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    setup_free(&s);
}

static void a_world_puts_bundle_maps(void)
{
    struct host host;
    struct setup s = setup_unfed(&host);
    attestor_source_health health = ATTESTOR_SOURCE_HEALTH_INIT;
    const uint32_t td = ATTESTOR_SOURCE_TRUST_DOMAIN;
    const char *map = "{\"trust_domains\":{\"" DOMAIN "\":{\"keys\":[" JWK "]},\"partner.example\":{\"keys\":[]}}}";
    CHECK_STATUS(attestor_store_health(s.store, td, "", 0, CLOCK, &health, NULL), ATTESTOR_BUNDLE_UNAVAILABLE);
    CHECK_STATUS(set_named(s.store, td, "", &host), ATTESTOR_OK);
    CHECK_STATUS(attestor_store_refresh_source(s.store, td, "", 0, CLOCK, NULL), ATTESTOR_SOURCE_NAME_INVALID);
    CHECK_STATUS(host.said, ATTESTOR_SOURCE_NAME_INVALID); /* one bundle is no map */
    CHECK_TEXT(host.name, "");
    host.document = bytes_copy(map, strlen(map));
    host.format = ATTESTOR_FORMAT_BUNDLE_MAP;
    CHECK_STATUS(attestor_store_refresh_source(s.store, td, NULL, 0, CLOCK, NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_store_health(s.store, td, "", 0, CLOCK, &health, NULL), ATTESTOR_OK);
    CHECK(health.flags == ATTESTOR_HEALTH_HAS_CALLBACK && health.refreshes == 1);
    CHECK(health.jwt_freshness == 0 && health.x509_freshness == 0);
    /* A map's domain that goes stale is fetched with its world. */
    CHECK_STATUS(verify_refreshing(&s, CLOCK + 600, NULL), ATTESTOR_OK);
    CHECK(host.calls == 3);
    bytes_free(&host.document);
    setup_free(&s);
    CHECK(host.drops == 1);
}

static void health_tells_how_fresh_a_source_is(void)
{
    struct setup s = setup_new();
    static const struct {
        int64_t age;
        uint32_t freshness, flags;
    } ages[] = {
        {0, ATTESTOR_FRESH, 0},        {299, ATTESTOR_FRESH, 0},    {300, ATTESTOR_DUE, 0},
        {599, ATTESTOR_DUE, 0},        {600, ATTESTOR_STALE, 0},    {-1, ATTESTOR_FRESH, ATTESTOR_HEALTH_CLOCK_WENT_BACK},
    };
    for (size_t i = 0; i < sizeof ages / sizeof *ages; i++) {
        attestor_source_health health = health_at(s.store, CLOCK + ages[i].age);
        CHECK(health.jwt_freshness == ages[i].freshness && health.x509_freshness == ages[i].freshness);
        CHECK(health.flags == ages[i].flags && health.refreshes == 1 && health.failures == 0);
        CHECK(health.succeeded_at == CLOCK && health.failed_at == 0 && health.next_refresh == INT64_MAX);
    }
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    CHECK_STATUS(put_bytes(s.store, s.revoking, NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_KID_NOT_FOUND);
    CHECK(health_at(s.store, CLOCK).flags == ATTESTOR_HEALTH_WANTED);
    setup_free(&s);
}

static void an_empty_update_of_an_issuer_is_kept_and_told(void)
{
    struct setup s = setup_oidc();
    attestor_source_health health = ATTESTOR_SOURCE_HEALTH_INIT;
    struct bytes empty = bytes_copy("{\"keys\":[]}", 11);
    const size_t n = strlen(OIDC_ISSUER);
    CHECK_STATUS(put_issuer(s.store, ATTESTOR_FORMAT_JWKS, empty), ATTESTOR_NO_USABLE_KEYS);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_store_health(s.store, ATTESTOR_SOURCE_ISSUER, OIDC_ISSUER, n, CLOCK, &health, NULL),
                 ATTESTOR_OK);
    CHECK(health.flags == ATTESTOR_HEALTH_EMPTY_UPDATE && health.failures == 1 && health.failures_in_a_row == 1);
    CHECK(health.last_failure == ATTESTOR_NO_USABLE_KEYS && health.failed_at == CLOCK && health.host_code == 0);
    CHECK(health.jwt_freshness == ATTESTOR_FRESH && health.x509_freshness == 0 && health.reserved == 0);
    bytes_free(&empty);
    setup_free(&s);
}

static void questions_about_sources_check_their_arguments(void)
{
    struct setup s = setup_new();
    attestor_source_health health = ATTESTOR_SOURCE_HEALTH_INIT;
    int64_t next = 77;
    const uint32_t td = ATTESTOR_SOURCE_TRUST_DOMAIN;
    const size_t n = strlen(DOMAIN);
    CHECK_STATUS(attestor_store_health(NULL, td, DOMAIN, n, CLOCK, &health, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_store_health(s.store, td, NULL, n, CLOCK, &health, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_store_health(s.store, td, DOMAIN, n, CLOCK, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_store_health(s.store, 3, DOMAIN, n, CLOCK, &health, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_store_health(s.store, td, "*", 1, CLOCK, &health, NULL), ATTESTOR_SOURCE_NAME_INVALID);
    CHECK_STATUS(attestor_store_health(s.store, td, "td", 2, CLOCK, &health, NULL), ATTESTOR_BUNDLE_UNAVAILABLE);
    CHECK_STATUS(attestor_store_health(s.store, td, DOMAIN, n, 0, &health, NULL), ATTESTOR_CLOCK_INVALID);
    CHECK_STATUS(attestor_store_next_refresh(NULL, CLOCK, &next, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_store_next_refresh(s.store, CLOCK, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_store_next_refresh(s.store, -1, &next, NULL), ATTESTOR_CLOCK_INVALID);
    CHECK(next == 77);
    CHECK_STATUS(attestor_store_refresh(NULL, CLOCK, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_store_refresh(s.store, 0, NULL, NULL), ATTESTOR_CLOCK_INVALID);
    CHECK_STATUS(attestor_store_refresh_source(NULL, td, DOMAIN, n, CLOCK, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_store_refresh_source(s.store, td, NULL, n, CLOCK, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_store_refresh_source(s.store, 0, DOMAIN, n, CLOCK, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_store_refresh_source(s.store, td, "*", 1, CLOCK, NULL), ATTESTOR_SOURCE_NAME_INVALID);
    CHECK_STATUS(attestor_store_refresh_source(s.store, td, DOMAIN, n, 0, NULL), ATTESTOR_CLOCK_INVALID);
    setup_free(&s);
}

void refresh_tests(void)
{
    RUN(a_refreshing_verification_fetches_what_is_missing);
    RUN(a_missing_key_is_fetched_once_in_a_cooldown);
    RUN(a_refusal_that_no_refresh_cures_fetches_nothing);
    RUN(a_refreshing_admission_needs_its_passport);
    RUN(a_world_puts_bundle_maps);
    RUN(health_tells_how_fresh_a_source_is);
    RUN(an_empty_update_of_an_issuer_is_kept_and_told);
    RUN(questions_about_sources_check_their_arguments);
}
