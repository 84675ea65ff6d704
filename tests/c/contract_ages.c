/* How old material may get, what confirms it, and what the rotation gate holds back. */
#include "contract.h"
#include "material.h"

/* The key of RFC 7517 appendix A.1, under the name `kid`. */
#define OTHER_JWK(kid) \
    "{\"use\":\"jwt-svid\",\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"" kid "\"," \
    "\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\",\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"}"

static attestor_status verify_at(const struct setup *s, int64_t now, uint32_t *flags)
{
    attestor_request request = setup_request(s);
    attestor_summary summary = attestor_summary_default();
    request.now = now;
    attestor_status status = attestor_verify(s->verifier, &request, s->result, &summary, NULL);
    *flags = summary.flags & ~(uint32_t)ATTESTOR_FROM_CACHE;
    return status;
}

static void a_bundle_is_due_and_then_stale(void)
{
    struct setup s = setup_new();
    static const struct {
        int64_t age;
        attestor_status status;
        uint32_t flags;
    } ages[] = {
        {-1000, ATTESTOR_OK, ATTESTOR_AUTHENTICATED}, /* the clock went back */
        {0, ATTESTOR_OK, ATTESTOR_AUTHENTICATED},
        {299, ATTESTOR_OK, ATTESTOR_AUTHENTICATED},
        {300, ATTESTOR_OK, ATTESTOR_AUTHENTICATED | ATTESTOR_BUNDLE_DUE},
        {599, ATTESTOR_OK, ATTESTOR_AUTHENTICATED | ATTESTOR_BUNDLE_DUE},
        {600, ATTESTOR_BUNDLE_STALE, 0},
        {86400, ATTESTOR_BUNDLE_STALE, 0},
    };
    for (size_t i = 0; i < sizeof ages / sizeof *ages; i++) {
        uint32_t flags = 0;
        CHECK_STATUS(verify_at(&s, CLOCK + ages[i].age, &flags), ages[i].status);
        CHECK(flags == ages[i].flags);
    }
    setup_free(&s);
}

static attestor_status touch(const struct setup *s, const char *name, uint64_t feed, int64_t now)
{
    return attestor_store_touch(s->store, ATTESTOR_SOURCE_TRUST_DOMAIN, name, strlen(name), feed, now, NULL);
}

static void a_confirmation_makes_it_young_and_keeps_it(void)
{
    struct setup s = setup_new();
    attestor_slot_info before = attestor_slot_info_default(), after = before;
    uint32_t flags = 0;
    CHECK_STATUS(jwt_slot(s.store, &before), ATTESTOR_OK);
    CHECK_STATUS(touch(&s, DOMAIN, FEED, CLOCK + 1000), ATTESTOR_OK);
    CHECK_STATUS(jwt_slot(s.store, &after), ATTESTOR_OK);
    CHECK(after.confirmed_at == CLOCK + 1000 && after.generation == before.generation);
    CHECK_STATUS(verify_at(&s, CLOCK + 1299, &flags), ATTESTOR_OK);
    CHECK(flags == ATTESTOR_AUTHENTICATED);
    /* Likewise the whole of a feed, and the same document again. */
    CHECK_STATUS(touch(&s, "", FEED, CLOCK + 2000), ATTESTOR_OK);
    CHECK_STATUS(verify_at(&s, CLOCK + 2299, &flags), ATTESTOR_OK);
    CHECK_STATUS(put_bytes(s.store, s.bundle, NULL), ATTESTOR_OK);
    CHECK_STATUS(jwt_slot(s.store, &after), ATTESTOR_OK);
    CHECK(memcmp(&before, &after, sizeof before) == 0);
    setup_free(&s);
}

static void only_its_own_feed_confirms_a_source(void)
{
    struct setup s = setup_new();
    attestor_slot_info info = attestor_slot_info_default();
    CHECK_STATUS(touch(&s, DOMAIN, FEED + 1, CLOCK + 1), ATTESTOR_BUNDLE_UNAVAILABLE);
    CHECK_STATUS(touch(&s, "", FEED + 1, CLOCK + 1), ATTESTOR_BUNDLE_UNAVAILABLE);
    CHECK_STATUS(touch(&s, "unknown.example", FEED, CLOCK + 1), ATTESTOR_BUNDLE_UNAVAILABLE);
    CHECK_STATUS(touch(&s, "Example.org", FEED, CLOCK + 1), ATTESTOR_SOURCE_NAME_INVALID);
    CHECK_STATUS(touch(&s, DOMAIN, FEED, 0), ATTESTOR_CLOCK_INVALID);
    CHECK_STATUS(attestor_store_touch(s.store, ATTESTOR_SOURCE_ISSUER, "", 0, FEED, CLOCK + 1, NULL),
                 ATTESTOR_SOURCE_NAME_INVALID);
    CHECK_STATUS(attestor_store_touch(s.store, 3, DOMAIN, strlen(DOMAIN), FEED, CLOCK + 1, NULL),
                 ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_store_touch(NULL, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN), FEED, CLOCK, NULL),
                 ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_store_touch(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, NULL, 1, FEED, CLOCK, NULL),
                 ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(jwt_slot(s.store, &info), ATTESTOR_OK);
    CHECK(info.confirmed_at == CLOCK);
    setup_free(&s);
}

static void a_withdrawn_feed_leaves_nothing(void)
{
    struct setup s = setup_new();
    uint64_t emptied = 77;
    CHECK_STATUS(attestor_store_withdraw(s.store, FEED + 1, &emptied, NULL), ATTESTOR_OK);
    CHECK(emptied == 0);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_store_withdraw(NULL, FEED, &emptied, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_store_withdraw(s.store, FEED, &emptied, NULL), ATTESTOR_OK);
    CHECK(emptied == 1);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_BUNDLE_UNAVAILABLE);
    CHECK_STATUS(put_bytes(s.store, s.bundle, NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_store_withdraw(s.store, FEED, NULL, NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_BUNDLE_UNAVAILABLE);
    setup_free(&s);
}

static void a_put_says_how_long_it_may_be_kept(void)
{
    struct setup s = setup_oidc();
    static const struct {
        uint64_t max_age;
        uint32_t flags, has;
        uint64_t soft, hard;
    } puts[] = {
        {0, 0, ATTESTOR_SLOT_HAS_SOFT_AGE | ATTESTOR_SLOT_HAS_HARD_AGE, 3600, 86400},
        {600, 0, ATTESTOR_SLOT_HAS_SOFT_AGE | ATTESTOR_SLOT_HAS_HARD_AGE, 600, 86400},
        {1, 0, ATTESTOR_SLOT_HAS_SOFT_AGE | ATTESTOR_SLOT_HAS_HARD_AGE, 300, 86400},
        {UINT64_MAX, 0, ATTESTOR_SLOT_HAS_SOFT_AGE | ATTESTOR_SLOT_HAS_HARD_AGE, 86400, 86400},
        {600, ATTESTOR_PUT_PERMANENT, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof puts / sizeof *puts; i++) {
        attestor_put_options options = ATTESTOR_PUT_OPTIONS_INIT;
        attestor_slot_info info = attestor_slot_info_default();
        const size_t n = strlen(OIDC_ISSUER);
        options.max_age_secs = puts[i].max_age;
        options.flags = puts[i].flags;
        CHECK_STATUS(attestor_store_put(s.store, ATTESTOR_SOURCE_ISSUER, OIDC_ISSUER, n, ATTESTOR_FORMAT_JWKS,
                                        s.bundle.ptr, s.bundle.len, &options, CLOCK, NULL),
                     ATTESTOR_OK);
        CHECK_STATUS(attestor_store_info(s.store, ATTESTOR_SOURCE_ISSUER, OIDC_ISSUER, n, ATTESTOR_SLOT_JWT, &info,
                                         NULL),
                     ATTESTOR_OK);
        CHECK(info.flags == puts[i].has);
        CHECK(info.soft_age_secs == puts[i].soft && info.hard_age_secs == puts[i].hard);
    }
    setup_free(&s);
}

static const struct {
    const char *update; /* of a slot of one key and sequence 1 */
    attestor_status status;
    uint32_t findings;
    uint64_t entries;
    uint32_t withheld;
    const char *detail;
    attestor_status verdict;
} updates[] = {
    /* An addition of an older document; its known key stays. */
    {"{\"spiffe_sequence\":0,\"keys\":[" JWK "," OTHER_JWK("k") "]}", ATTESTOR_BUNDLE_ROLLBACK,
     ATTESTOR_FINDING_ROLLBACK, 1, 1, "spiffe_sequence", ATTESTOR_OK},
    /* A replacement of an older document: its removal is taken. */
    {"{\"spiffe_sequence\":0,\"keys\":[" OTHER_JWK("k") "]}", ATTESTOR_BUNDLE_ROLLBACK,
     ATTESTOR_FINDING_ROLLBACK | ATTESTOR_FINDING_REPLACED, 0, 1, "spiffe_sequence", ATTESTOR_KID_NOT_FOUND},
    {"{\"keys\":[" OTHER_JWK(KID) "]}", ATTESTOR_BUNDLE_REKEYED, ATTESTOR_FINDING_REKEYED | ATTESTOR_FINDING_REPLACED,
     0, 1, "keys", ATTESTOR_KID_NOT_FOUND},
    /* Warned about only. */
    {"{\"keys\":[" OTHER_JWK("k") "]}", ATTESTOR_OK, ATTESTOR_FINDING_REPLACED, 1, 0, "", ATTESTOR_KID_NOT_FOUND},
    /* Nothing is added: whatever its sequence. */
    {"{\"spiffe_sequence\":0,\"keys\":[]}", ATTESTOR_OK, 0, 0, 0, "", ATTESTOR_KID_NOT_FOUND},
    {"{\"spiffe_sequence\":2,\"keys\":[" JWK "," OTHER_JWK("k") "]}", ATTESTOR_OK, 0, 2, 0, "", ATTESTOR_OK},
};

static void the_gate_takes_removals_and_holds_additions(void)
{
    for (size_t i = 0; i < sizeof updates / sizeof *updates; i++) {
        struct setup s = setup_new();
        attestor_slot_info info = attestor_slot_info_default();
        attestor_error err = ATTESTOR_ERROR_INIT;
        CHECK_STATUS(put_text(s.store, updates[i].update, &err), updates[i].status);
        CHECK(strstr(err.detail, updates[i].detail) != NULL);
        CHECK_STATUS(jwt_slot(s.store, &info), ATTESTOR_OK);
        CHECK(info.findings == updates[i].findings && info.withheld == updates[i].withheld);
        CHECK(info.entries == updates[i].entries);
        CHECK_STATUS(setup_verify(&s, NULL), updates[i].verdict);
        setup_free(&s);
    }
}

static void force_passes_the_gate(void)
{
    struct setup s = setup_new();
    attestor_slot_info info = attestor_slot_info_default();
    attestor_put_options force = ATTESTOR_PUT_OPTIONS_INIT;
    const char *update = updates[1].update;
    force.flags = ATTESTOR_PUT_FORCE;
    CHECK_STATUS(put_text(s.store, update, NULL), ATTESTOR_BUNDLE_ROLLBACK);
    CHECK_STATUS(attestor_store_put(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN),
                                    ATTESTOR_FORMAT_SPIFFE_BUNDLE, (const uint8_t *)update, strlen(update), &force,
                                    CLOCK, NULL),
                 ATTESTOR_OK);
    CHECK_STATUS(jwt_slot(s.store, &info), ATTESTOR_OK);
    CHECK(info.findings == 0 && info.withheld == 0 && info.entries == 1 && info.sequence == 0);
    setup_free(&s);
}

static void a_map_says_which_domain_was_held(void)
{
    struct setup s = setup_new();
    attestor_error err = ATTESTOR_ERROR_INIT;
    attestor_put_options options = ATTESTOR_PUT_OPTIONS_INIT;
    attestor_slot_info info = attestor_slot_info_default();
    const char *map = "{\"trust_domains\":{\"partner.example\":{\"keys\":[" JWK "]},\"" DOMAIN
                      "\":{\"spiffe_sequence\":0,\"keys\":[" JWK "," OTHER_JWK("k") "]}}}";
    options.feed = FEED;
    CHECK_STATUS(attestor_store_put(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, NULL, 0, ATTESTOR_FORMAT_BUNDLE_MAP,
                                    (const uint8_t *)map, strlen(map), &options, CLOCK, &err),
                 ATTESTOR_BUNDLE_ROLLBACK);
    CHECK(strstr(err.detail, "trust_domains[1]") != NULL);
    /* The other domain is taken all the same. */
    CHECK_STATUS(attestor_store_info(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, "partner.example", 15, ATTESTOR_SLOT_JWT,
                                     &info, NULL),
                 ATTESTOR_OK);
    CHECK(info.entries == 1);
    setup_free(&s);
}

/* Puts `update` over the bundle into a store of these options. */
static attestor_status put_into(const attestor_store_options *options, const char *update, attestor_slot_info *info)
{
    struct setup s = setup_new();
    attestor_store_free(s.store);
    test_need(attestor_store_new(options, &s.store, NULL) == ATTESTOR_OK, "a store");
    CHECK_STATUS(put_bytes(s.store, s.bundle, NULL), ATTESTOR_OK);
    attestor_status status = put_text(s.store, update, NULL);
    CHECK_STATUS(jwt_slot(s.store, info), ATTESTOR_OK);
    setup_free(&s);
    return status;
}

static void each_rule_of_the_gate_is_an_option(void)
{
    attestor_store_options options = ATTESTOR_STORE_OPTIONS_INIT;
    attestor_slot_info info = attestor_slot_info_default();
    uint32_t *const rules[] = {&options.gate_rollback, &options.gate_rekeyed, &options.gate_replaced};
    static const struct {
        const char *update;
        attestor_status held;
        uint32_t finding;
    } broken[] = {
        {"{\"spiffe_sequence\":0,\"keys\":[" JWK "," OTHER_JWK("k") "]}", ATTESTOR_BUNDLE_ROLLBACK,
         ATTESTOR_FINDING_ROLLBACK},
        {"{\"keys\":[" OTHER_JWK(KID) "]}", ATTESTOR_BUNDLE_REKEYED, ATTESTOR_FINDING_REKEYED},
        {"{\"keys\":[" OTHER_JWK("k") "]}", ATTESTOR_BUNDLE_REPLACED, ATTESTOR_FINDING_REPLACED},
    };
    for (int i = 0; i < 3; i++) {
        *rules[i] = ATTESTOR_GATE_OFF;
        CHECK_STATUS(put_into(&options, broken[i].update, &info), ATTESTOR_OK);
        CHECK((info.findings & broken[i].finding) == 0 && info.withheld == 0);
        *rules[i] = ATTESTOR_GATE_WARN;
        CHECK_STATUS(put_into(&options, broken[i].update, &info), ATTESTOR_OK);
        CHECK((info.findings & broken[i].finding) != 0 && info.withheld == 0);
        *rules[i] = ATTESTOR_GATE_HOLD;
        CHECK_STATUS(put_into(&options, broken[i].update, &info), broken[i].held);
        CHECK((info.findings & broken[i].finding) != 0 && info.withheld == 1);
        *rules[i] = 0;
    }
}

static void unknown_gate_actions_are_refused(void)
{
    attestor_store_options options = ATTESTOR_STORE_OPTIONS_INIT;
    attestor_store *store = NULL;
    uint32_t *const rules[] = {&options.gate_rollback, &options.gate_rekeyed, &options.gate_replaced};
    const uint32_t unknown[] = {ATTESTOR_GATE_HOLD + 1, 256 + 1, UINT32_MAX};
    for (int i = 0; i < 3; i++)
        for (int n = 0; n < 3; n++) {
            *rules[i] = unknown[n];
            CHECK_STATUS(attestor_store_new(&options, &store, NULL), ATTESTOR_ARGUMENT_INVALID);
            CHECK(store == NULL);
            *rules[i] = 0;
        }
}

static void a_missing_key_is_asked_for_once_in_a_cooldown(void)
{
    attestor_store_options options = ATTESTOR_STORE_OPTIONS_INIT;
    const uint32_t cooldowns[] = {0, 100};
    for (int i = 0; i < 2; i++) {
        struct setup s = setup_new();
        options.cooldown_secs = cooldowns[i];
        const int64_t secs = cooldowns[i] == 0 ? 10 : cooldowns[i];
        attestor_store_free(s.store);
        attestor_verifier_free(s.verifier);
        test_need(attestor_store_new(&options, &s.store, NULL) == ATTESTOR_OK, "a store");
        test_need(new_verifier(s.store, POLICY, &s.verifier, NULL) == ATTESTOR_OK, "a verifier");
        CHECK_STATUS(put_bytes(s.store, s.revoking, NULL), ATTESTOR_OK);
        const int64_t times[] = {0, 0, secs - 1, secs, secs, 2 * secs};
        for (int n = 0; n < 6; n++) {
            uint32_t flags = 0;
            CHECK_STATUS(verify_at(&s, CLOCK + times[n], &flags), ATTESTOR_KID_NOT_FOUND);
            CHECK(flags == (n == 0 || n == 3 || n == 5 ? ATTESTOR_REFRESH_WANTED : 0));
        }
        setup_free(&s);
    }
}

void age_tests(void)
{
    RUN(a_bundle_is_due_and_then_stale);
    RUN(a_confirmation_makes_it_young_and_keeps_it);
    RUN(only_its_own_feed_confirms_a_source);
    RUN(a_withdrawn_feed_leaves_nothing);
    RUN(a_put_says_how_long_it_may_be_kept);
    RUN(the_gate_takes_removals_and_holds_additions);
    RUN(force_passes_the_gate);
    RUN(a_map_says_which_domain_was_held);
    RUN(each_rule_of_the_gate_is_an_option);
    RUN(unknown_gate_actions_are_refused);
    RUN(a_missing_key_is_asked_for_once_in_a_cooldown);
}
