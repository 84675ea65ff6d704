/* The host's callbacks: when they run, what they may do, what becomes of their failures, when they are dropped. */
#include "contract.h"
#include "host.h"

#include <pthread.h>

static void a_callback_puts_when_a_refresh_is_due(void)
{
    struct host host;
    struct setup s = setup_unfed(&host);
    attestor_slot_info info = attestor_slot_info_default();
    CHECK(next_refresh(s.store, CLOCK) == INT64_MAX);
    CHECK_STATUS(set_named(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, "spiffe://" DOMAIN, &host), ATTESTOR_OK);
    CHECK(host.calls == 0 && next_refresh(s.store, CLOCK) == CLOCK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_BUNDLE_UNAVAILABLE);
    CHECK(host.calls == 0);
    CHECK(refreshes(s.store, CLOCK, 1, 0, 0));
    CHECK(host.calls == 1 && host.kind == ATTESTOR_SOURCE_TRUST_DOMAIN);
    CHECK_TEXT(host.name, DOMAIN);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    CHECK_STATUS(jwt_slot(s.store, &info), ATTESTOR_OK);
    CHECK(info.feed == SOURCE_FEED && info.confirmed_at == CLOCK);
    /* The soft age is 300 s; sources are spread over its last tenth. */
    CHECK(next_refresh(s.store, CLOCK) > CLOCK + 269 && next_refresh(s.store, CLOCK) <= CLOCK + 300);
    CHECK(refreshes(s.store, CLOCK + 269, 0, 0, 0));
    CHECK(host.calls == 1);
    CHECK(refreshes(s.store, CLOCK + 300, 1, 0, 0));
    CHECK(host.calls == 2);
    CHECK_STATUS(attestor_store_refresh(s.store, CLOCK + 600, NULL, NULL), ATTESTOR_OK);
    CHECK(host.calls == 3);
    setup_free(&s);
}

static void a_callback_confirms_what_it_put(void)
{
    struct host host;
    struct setup s = setup_unfed(&host);
    attestor_slot_info before = attestor_slot_info_default(), after = before;
    host.document.ptr = NULL;
    CHECK_STATUS(set(s.store, &host), ATTESTOR_OK);
    CHECK_STATUS(refresh_domain(s.store, CLOCK, NULL), ATTESTOR_BUNDLE_UNAVAILABLE); /* nothing to confirm */
    CHECK_STATUS(host.said, ATTESTOR_BUNDLE_UNAVAILABLE);
    host.document.ptr = s.bundle.ptr;
    CHECK_STATUS(refresh_domain(s.store, CLOCK, NULL), ATTESTOR_OK);
    CHECK_STATUS(jwt_slot(s.store, &before), ATTESTOR_OK);
    host.document.ptr = NULL;
    CHECK_STATUS(refresh_domain(s.store, CLOCK + 500, NULL), ATTESTOR_OK);
    CHECK_STATUS(jwt_slot(s.store, &after), ATTESTOR_OK);
    CHECK(after.generation == before.generation && after.confirmed_at == CLOCK + 500);
    setup_free(&s);
}

static void a_failure_is_told_and_keeps_the_last_good(void)
{
    struct host host;
    struct setup s = setup_unfed(&host);
    attestor_error err = ATTESTOR_ERROR_INIT;
    CHECK_STATUS(set(s.store, &host), ATTESTOR_OK);
    CHECK(refreshes(s.store, CLOCK, 1, 0, 0));
    const int32_t answers[] = {42, -42, INT32_MIN, INT32_MAX};
    host.silent = 1;
    for (int i = 0; i < 4; i++) {
        host.answer = answers[i];
        CHECK_STATUS(refresh_domain(s.store, CLOCK + i, &err), ATTESTOR_CALLBACK_FAILED);
        CHECK(err.host_code == answers[i]);
        attestor_source_health health = health_at(s.store, CLOCK + i);
        CHECK(health.host_code == answers[i] && health.last_failure == ATTESTOR_CALLBACK_FAILED);
        CHECK(health.refreshes == 1 && health.failures == (uint64_t)i + 1);
        CHECK(health.failures_in_a_row == (uint32_t)i + 1);
        CHECK(health.succeeded_at == CLOCK && health.failed_at == CLOCK + i);
    }
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    /* It said that it did, and gave nothing. */
    host.answer = 0;
    CHECK_STATUS(refresh_domain(s.store, CLOCK, &err), ATTESTOR_CALLBACK_FAILED);
    CHECK(err.host_code == 0);
    /* It gave what was refused. */
    host.silent = 0;
    host.document.len /= 2;
    CHECK_STATUS(refresh_domain(s.store, CLOCK, &err), ATTESTOR_BUNDLE_MALFORMED);
    CHECK(err.host_code == 0 && host.said == ATTESTOR_BUNDLE_MALFORMED);
    host.answer = 7;
    CHECK_STATUS(refresh_domain(s.store, CLOCK, &err), ATTESTOR_BUNDLE_MALFORMED);
    CHECK(err.host_code == 7 && health_at(s.store, CLOCK).host_code == 7);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    host.answer = 0;
    host.document.len = s.bundle.len;
    CHECK_STATUS(refresh_domain(s.store, CLOCK, &err), ATTESTOR_OK);
    CHECK(err.code == ATTESTOR_OK && err.host_code == 0);
    attestor_source_health health = health_at(s.store, CLOCK);
    CHECK(health.failures_in_a_row == 0 && health.last_failure == ATTESTOR_OK && health.host_code == 0);
    setup_free(&s);
}

static void a_failure_harms_its_own_source_only(void)
{
    struct host good, bad = {.answer = 1, .silent = 1};
    struct setup s = setup_unfed(&good);
    const char *partners[] = {"a.example", "partner.example", "z.example"};
    for (int i = 0; i < 3; i++)
        CHECK_STATUS(set_named(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, partners[i], &bad), ATTESTOR_OK);
    CHECK_STATUS(set(s.store, &good), ATTESTOR_OK);
    CHECK(refreshes(s.store, CLOCK, 1, 3, 0));
    CHECK(good.calls == 1 && bad.calls == 3);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    /* The others wait for the pause after a first failure, 10 s at most. */
    CHECK(refreshes(s.store, CLOCK + 1, 0, 0, 0));
    CHECK(refreshes(s.store, CLOCK + 10, 0, 3, 0));
    setup_free(&s);
    CHECK(bad.drops == 3 && good.drops == 1);
}

static void call_from_inside(struct host *self)
{
    struct setup *s = self->setup, other = setup_new();
    attestor_refresh_report report = ATTESTOR_REFRESH_REPORT_INIT;
    attestor_request request = setup_request(s);
    attestor_result *result = NULL;
    CHECK_STATUS(attestor_store_refresh(s->store, CLOCK, &report, NULL), ATTESTOR_REFRESH_REENTRANT);
    CHECK_STATUS(refresh_domain(s->store, CLOCK, NULL), ATTESTOR_REFRESH_REENTRANT);
    CHECK_STATUS(attestor_store_refresh(other.store, CLOCK, &report, NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_result_new(&result, NULL), ATTESTOR_OK);
    /* Both only judge, and there is nothing yet. */
    CHECK_STATUS(attestor_verify(s->verifier, &request, result, NULL, NULL), ATTESTOR_BUNDLE_UNAVAILABLE);
    CHECK_STATUS(attestor_verify_refreshing(s->verifier, &request, result, NULL, NULL), ATTESTOR_BUNDLE_UNAVAILABLE);
    /* The store may be changed: no lock is held. */
    CHECK_STATUS(put_text(s->store, "{\"keys\":[" JWK "]}", NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_verify(s->verifier, &request, result, NULL, NULL), ATTESTOR_OK);
    CHECK((health_at(s->store, CLOCK).flags & ATTESTOR_HEALTH_IN_FLIGHT) != 0);
    CHECK(next_refresh(s->store, CLOCK) == INT64_MAX);
    attestor_result_free(result);
    setup_free(&other);
}

static void a_callback_may_call_all_but_a_refresh(void)
{
    struct host host;
    struct setup s = setup_unfed(&host);
    host.inside = call_from_inside;
    host.setup = &s;
    CHECK_STATUS(set(s.store, &host), ATTESTOR_OK);
    CHECK(refreshes(s.store, CLOCK, 1, 0, 0));
    CHECK(host.calls == 1);
    CHECK((health_at(s.store, CLOCK).flags & ATTESTOR_HEALTH_IN_FLIGHT) == 0);
    /* Once it is over, it is not within. */
    host.inside = NULL;
    CHECK_STATUS(refresh_domain(s.store, CLOCK, NULL), ATTESTOR_OK);
    setup_free(&s);
}

static void *refresh_elsewhere(void *store)
{
    CHECK_STATUS(refresh_domain(store, CLOCK + 900, NULL), ATTESTOR_REFRESH_BUSY);
    CHECK(refreshes(store, CLOCK + 900, 0, 0, 1));
    return NULL;
}

static void wait_for_another_thread(struct host *self)
{
    pthread_t thread;
    if (self->calls == 1) return;
    test_need(pthread_create(&thread, NULL, refresh_elsewhere, self->setup->store) == 0, "a thread");
    CHECK(pthread_join(thread, NULL) == 0);
}

static void a_source_is_fetched_by_one_thread_at_a_time(void)
{
    struct host host;
    struct setup s = setup_unfed(&host);
    host.inside = wait_for_another_thread;
    host.setup = &s;
    CHECK_STATUS(set(s.store, &host), ATTESTOR_OK);
    CHECK_STATUS(refresh_domain(s.store, CLOCK, NULL), ATTESTOR_OK);
    CHECK_STATUS(refresh_domain(s.store, CLOCK + 300, NULL), ATTESTOR_OK);
    CHECK(host.calls == 2);
    /* Nor is there anybody to call where there is no callback. */
    CHECK_STATUS(unset(s.store), ATTESTOR_OK);
    CHECK_STATUS(refresh_domain(s.store, CLOCK + 600, NULL), ATTESTOR_REFRESH_BUSY);
    CHECK_STATUS(attestor_store_refresh_source(s.store, ATTESTOR_SOURCE_ISSUER, "unknown", 7, CLOCK, NULL),
                 ATTESTOR_REFRESH_BUSY);
    setup_free(&s);
}

static void every_way_to_let_go_drops_once(void)
{
    struct host hosts[5];
    struct setup s = setup_new();
    attestor_store *store = NULL;
    memset(hosts, 0, sizeof hosts);
    CHECK_STATUS(set(s.store, &hosts[0]), ATTESTOR_OK);
    CHECK_STATUS(set(s.store, &hosts[1]), ATTESTOR_OK); /* replaced */
    CHECK(hosts[0].drops == 1 && hosts[1].drops == 0);
    CHECK_STATUS(unset(s.store), ATTESTOR_OK); /* taken away */
    CHECK(hosts[1].drops == 1);
    CHECK_STATUS(unset(s.store), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    CHECK_STATUS(set(s.store, &hosts[2]), ATTESTOR_OK);
    CHECK_STATUS(attestor_store_remove(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN), NULL),
                 ATTESTOR_OK); /* removed with its source */
    CHECK(hosts[2].drops == 1);
    CHECK_STATUS(set(s.store, &hosts[3]), ATTESTOR_OK);
    setup_free(&s); /* freed with the store */
    CHECK(hosts[3].drops == 1);
    /* By its verifier, if that was the last. */
    struct setup last = setup_new();
    CHECK_STATUS(set(last.store, &hosts[4]), ATTESTOR_OK);
    store = last.store;
    last.store = NULL;
    attestor_store_free(store);
    CHECK(hosts[4].drops == 0);
    setup_free(&last);
    for (int i = 0; i < 5; i++) CHECK(hosts[i].drops == 1 && hosts[i].calls == 0);
}

static void a_callback_without_drop_is_let_go_too(void)
{
    struct setup s = setup_new();
    struct host host = {.document = s.bundle};
    attestor_source source = host_source(&host);
    source.drop = NULL;
    CHECK_STATUS(attestor_store_set_source(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN), &source,
                                           NULL),
                 ATTESTOR_OK);
    CHECK(refreshes(s.store, CLOCK, 1, 0, 0));
    CHECK_STATUS(unset(s.store), ATTESTOR_OK);
    CHECK(refreshes(s.store, CLOCK + 300, 0, 0, 0));
    setup_free(&s);
    CHECK(host.calls == 1 && host.drops == 0);
}

static void a_refused_callback_is_still_its_hosts(void)
{
    struct setup s = setup_new();
    struct host host = {.silent = 1}, kept = {.document = s.bundle};
    const uint32_t td = ATTESTOR_SOURCE_TRUST_DOMAIN;
    CHECK_STATUS(set(s.store, &kept), ATTESTOR_OK);
    attestor_source source = host_source(&host);
    CHECK_STATUS(attestor_store_set_source(NULL, td, DOMAIN, strlen(DOMAIN), &source, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_store_set_source(s.store, td, NULL, 1, &source, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(set_named(s.store, 3, DOMAIN, &host), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(set_named(s.store, td, "Example.org", &host), ATTESTOR_SOURCE_NAME_INVALID);
    CHECK_STATUS(set_named(s.store, ATTESTOR_SOURCE_ISSUER, "", &host), ATTESTOR_SOURCE_NAME_INVALID);
    source.flags = 1;
    CHECK_STATUS(attestor_store_set_source(s.store, td, DOMAIN, strlen(DOMAIN), &source, NULL),
                 ATTESTOR_OPTION_UNSUPPORTED);
    source.flags = 0;
    source.fetch = NULL;
    CHECK_STATUS(attestor_store_set_source(s.store, td, DOMAIN, strlen(DOMAIN), &source, NULL),
                 ATTESTOR_ARGUMENT_INVALID);
    source.struct_size = 0;
    CHECK_STATUS(attestor_store_set_source(s.store, td, DOMAIN, strlen(DOMAIN), &source, NULL),
                 ATTESTOR_ARGUMENT_INVALID);
    CHECK(kept.drops == 0);
    CHECK(refreshes(s.store, CLOCK, 1, 0, 0));
    setup_free(&s);
    CHECK(host.calls == 0 && host.drops == 0 && kept.drops == 1);
}

static struct host successor;

static void give_way(struct host *self)
{
    CHECK_STATUS(set(self->setup->store, &successor), ATTESTOR_OK);
    CHECK(self->drops == 0); /* it is still running */
}

static void be_taken_away(struct host *self)
{
    CHECK_STATUS(unset(self->setup->store), ATTESTOR_OK);
    CHECK(self->drops == 0);
}

static void be_removed(struct host *self)
{
    CHECK_STATUS(attestor_store_remove(self->setup->store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN), NULL),
                 ATTESTOR_OK);
    CHECK(self->drops == 0);
}

static void who_was_replaced_while_it_ran_puts_nothing(void)
{
    void (*const ways[])(struct host *) = {give_way, be_taken_away, be_removed};
    for (int confirms = 0; confirms < 2; confirms++)
        for (int i = 0; i < 3; i++) {
            struct host host;
            struct setup s = setup_unfed(&host);
            if (confirms) host.document.ptr = NULL;
            host.inside = ways[i];
            host.setup = &s;
            successor = (struct host){.document = s.bundle};
            CHECK_STATUS(set(s.store, &host), ATTESTOR_OK);
            CHECK_STATUS(refresh_domain(s.store, CLOCK, NULL), ATTESTOR_FEED_REPLACED);
            CHECK(host.said == ATTESTOR_FEED_REPLACED && host.drops == 1);
            CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_BUNDLE_UNAVAILABLE);
            CHECK(refreshes(s.store, CLOCK, ways[i] == give_way, 0, 0));
            setup_free(&s);
            CHECK(host.drops == 1 && successor.drops == (ways[i] == give_way));
        }
}

static void a_sink_takes_options(void)
{
    struct host host;
    struct setup s = setup_oidc();
    attestor_slot_info info = attestor_slot_info_default();
    attestor_sink_options options = ATTESTOR_SINK_OPTIONS_INIT;
    const uint32_t issuer = ATTESTOR_SOURCE_ISSUER;
    const size_t n = strlen(OIDC_ISSUER);
    host = (struct host){.document = s.bundle, .format = ATTESTOR_FORMAT_JWKS, .options = &options};
    CHECK_STATUS(set_named(s.store, issuer, OIDC_ISSUER, &host), ATTESTOR_OK);
    options.max_age_secs = 900;
    CHECK_STATUS(attestor_store_refresh_source(s.store, issuer, OIDC_ISSUER, n, CLOCK, NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_store_info(s.store, issuer, OIDC_ISSUER, n, ATTESTOR_SLOT_JWT, &info, NULL), ATTESTOR_OK);
    CHECK(info.soft_age_secs == 900 && host.kind == issuer);
    CHECK(next_refresh(s.store, CLOCK) > CLOCK + 809 && next_refresh(s.store, CLOCK) <= CLOCK + 900);
    options.refresh_after_secs = 100;
    CHECK_STATUS(attestor_store_refresh_source(s.store, issuer, OIDC_ISSUER, n, CLOCK, NULL), ATTESTOR_OK);
    CHECK(next_refresh(s.store, CLOCK) > CLOCK + 89 && next_refresh(s.store, CLOCK) <= CLOCK + 100);
    host.document.ptr = NULL;
    options.refresh_after_secs = 200;
    CHECK_STATUS(attestor_store_refresh_source(s.store, issuer, OIDC_ISSUER, n, CLOCK, NULL), ATTESTOR_OK);
    CHECK(next_refresh(s.store, CLOCK) > CLOCK + 179 && next_refresh(s.store, CLOCK) <= CLOCK + 200);
    setup_free(&s);
}

static int32_t misuse(void *userdata, uint32_t kind, const char *name, size_t name_len, attestor_sink *sink)
{
    const struct setup *s = userdata;
    const uint32_t spiffe = ATTESTOR_FORMAT_SPIFFE_BUNDLE;
    (void)kind, (void)name, (void)name_len;
    CHECK_STATUS(attestor_sink_put(sink, 0, s->bundle.ptr, s->bundle.len, NULL, NULL), ATTESTOR_FORMAT_UNSUPPORTED);
    CHECK_STATUS(attestor_sink_put(sink, 9, s->bundle.ptr, s->bundle.len, NULL, NULL), ATTESTOR_FORMAT_UNSUPPORTED);
    CHECK_STATUS(attestor_sink_put(sink, spiffe, NULL, 1, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_sink_put(sink, spiffe, s->bundle.ptr, SIZE_MAX, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_sink_put(NULL, spiffe, s->bundle.ptr, s->bundle.len, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_sink_confirm(NULL, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    return 0;
}

static void a_sink_refuses_nonsense(void)
{
    struct setup s = setup_new();
    attestor_source source = ATTESTOR_SOURCE_INIT;
    source.fetch = misuse;
    source.userdata = &s;
    CHECK_STATUS(attestor_store_set_source(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN), &source,
                                           NULL),
                 ATTESTOR_OK);
    CHECK_STATUS(refresh_domain(s.store, CLOCK, NULL), ATTESTOR_CALLBACK_FAILED);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    setup_free(&s);
}

void source_tests(void)
{
    RUN(a_callback_puts_when_a_refresh_is_due);
    RUN(a_callback_confirms_what_it_put);
    RUN(a_failure_is_told_and_keeps_the_last_good);
    RUN(a_failure_harms_its_own_source_only);
    RUN(a_callback_may_call_all_but_a_refresh);
    RUN(a_source_is_fetched_by_one_thread_at_a_time);
    RUN(every_way_to_let_go_drops_once);
    RUN(a_callback_without_drop_is_let_go_too);
    RUN(a_refused_callback_is_still_its_hosts);
    RUN(who_was_replaced_while_it_ran_puts_nothing);
    RUN(a_sink_takes_options);
    RUN(a_sink_refuses_nonsense);
}
