/* Policies and the question: what is asked, when, of whom. */
#include "contract.h"
#include "material.h"

#include <time.h>

static attestor_status verify_at(struct setup *s, int64_t now)
{
    attestor_request request = setup_request(s);
    request.now = now;
    return attestor_verify(s->verifier, &request, s->result, NULL, NULL);
}

static attestor_status verify_by(struct setup *s, const char *attestor_id, size_t len)
{
    attestor_request request = setup_request(s);
    request.attestor_id = attestor_id;
    request.attestor_id_len = len;
    return attestor_verify(s->verifier, &request, s->result, NULL, NULL);
}

static attestor_status set_policy(struct setup *s, const char *policy)
{
    return attestor_verifier_set_policy(s->verifier, policy, strlen(policy), NULL);
}

static const struct {
    const char *policy;
    const char *detail; /* begins so */
} bad_policies[] = {
    {"", "$: "},
    {"{", "$: "},
    {"[]", "$: "},
    {"{\"version\":1}", "$: `attestors`"},
    {"{\"version\":2,\"attestors\":[]}", "$.version: "},
    {"{\"version\":1,\"attestors\":[]}", "$.attestors: "},
    {"{\"version\":1,\"atestors\":[\"secret\"]}", "$.atestors: unknown field"},
    {POLICY_OF("secret", ",\"max_lifetime_sec\":\"secret\""), "$.attestors[0].max_lifetime_sec: unknown field"},
    {POLICY_OF("secret", ",\"max_lifetime_secs\":\"secret\""), "$.attestors[0].max_lifetime_secs: "},
    {POLICY_OF("secret", ",\"algorithms\":[\"ES256\",\"secret\"]"), "$.attestors[0].algorithms[1]: "},
    {POLICY_OF("secret", ",\"local_trust_domain\":\"secret/\""), "$.attestors[0].local_trust_domain: "},
    {POLICY_OF("secret", ",\"kind\":\"spiffe\""), "$: duplicate JSON member"},
};

static void a_bad_policy_is_named_by_its_path_and_no_value(void)
{
    struct setup s = setup_new();
    for (size_t i = 0; i < sizeof bad_policies / sizeof *bad_policies; i++) {
        const char *policy = bad_policies[i].policy, *detail = bad_policies[i].detail;
        attestor_verifier *verifier = s.verifier;
        attestor_error err = ATTESTOR_ERROR_INIT, again = ATTESTOR_ERROR_INIT;
        CHECK_STATUS(new_verifier(s.store, policy, &verifier, &err), ATTESTOR_CONFIG_INVALID);
        CHECK(verifier == NULL);
        CHECK(strncmp(err.detail, detail, strlen(detail)) == 0);
        CHECK(strstr(err.detail, "secret") == NULL);
        CHECK_STATUS(attestor_verifier_set_policy(s.verifier, policy, strlen(policy), &again), ATTESTOR_CONFIG_INVALID);
        CHECK_TEXT(again.detail, err.detail);
        CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    }
    setup_free(&s);
}

static void a_policy_is_swapped_whole(void)
{
    struct setup s = setup_new();
    CHECK_STATUS(set_policy(&s, POLICY_OF("another", "")), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_AUDIENCE_MISMATCH);
    CHECK_STATUS(set_policy(&s, "{\"version\":1}"), ATTESTOR_CONFIG_INVALID);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_AUDIENCE_MISMATCH);
    CHECK_STATUS(set_policy(&s, POLICY), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    setup_free(&s);
}

static void an_attestor_can_be_forced(void)
{
    struct setup s = setup_new();
    CHECK_STATUS(set_policy(&s, "{\"version\":1,\"attestors\":["
                                "{\"id\":\"ours\",\"kind\":\"spiffe\",\"audiences\":[\"" AUDIENCE "\"],"
                                "\"trust_domains\":[\"example.org\"]},"
                                "{\"id\":\"other-audience\",\"kind\":\"spiffe\",\"audiences\":[\"x\"],"
                                "\"trust_domains\":[\"example.org\"]},"
                                "{\"id\":\"other-domain\",\"kind\":\"spiffe\",\"audiences\":[\"" AUDIENCE "\"],"
                                "\"trust_domains\":[\"partner.example\"]}]}"),
                 ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    CHECK_STATUS(verify_by(&s, "ours", 4), ATTESTOR_OK);
    CHECK_STATUS(verify_by(&s, "ours-and-more", 4), ATTESTOR_OK);
    CHECK_STATUS(verify_by(&s, "other-audience", 14), ATTESTOR_AUDIENCE_MISMATCH);
    CHECK_STATUS(verify_by(&s, "other-domain", 12), ATTESTOR_TRUST_DOMAIN_UNKNOWN);
    CHECK_STATUS(verify_by(&s, "nobody", 6), ATTESTOR_ATTESTOR_UNKNOWN);
    CHECK_STATUS(verify_by(&s, "our", 3), ATTESTOR_ATTESTOR_UNKNOWN);
    CHECK_STATUS(verify_by(&s, "ours", 5), ATTESTOR_ATTESTOR_UNKNOWN); /* its NUL is a byte of the id */
    CHECK_STATUS(verify_by(&s, "", 0), ATTESTOR_ATTESTOR_UNKNOWN);
    CHECK_STATUS(verify_by(&s, "\xff", 1), ATTESTOR_ARGUMENT_INVALID);
    setup_free(&s);
}

static void now_decides_and_is_never_zero(void)
{
    struct setup s = setup_new();
    attestor_put_options permanent = ATTESTOR_PUT_OPTIONS_INIT;
    permanent.flags = ATTESTOR_PUT_PERMANENT; /* the keys do not age: it is the token that expires */
    CHECK_STATUS(attestor_store_put(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN),
                                    ATTESTOR_FORMAT_SPIFFE_BUNDLE, s.bundle.ptr, s.bundle.len, &permanent, CLOCK,
                                    NULL),
                 ATTESTOR_OK);
    CHECK_STATUS(verify_at(&s, 0), ATTESTOR_CLOCK_INVALID);
    CHECK_STATUS(verify_at(&s, -1), ATTESTOR_CLOCK_INVALID);
    CHECK_STATUS(verify_at(&s, INT64_MIN + 1), ATTESTOR_CLOCK_INVALID);
    CHECK_STATUS(verify_at(&s, 1), ATTESTOR_OK); /* SPIRE sets no nbf */
    CHECK_STATUS(verify_at(&s, EXPIRES + SKEW - 1), ATTESTOR_OK);
    CHECK_STATUS(verify_at(&s, EXPIRES + SKEW), ATTESTOR_TOKEN_EXPIRED);
    CHECK_STATUS(verify_at(&s, INT64_MAX), ATTESTOR_TOKEN_EXPIRED);
    attestor_status at_the_clock = time(NULL) < EXPIRES + SKEW ? ATTESTOR_OK : ATTESTOR_TOKEN_EXPIRED;
    CHECK_STATUS(verify_at(&s, ATTESTOR_NOW), at_the_clock);
    setup_free(&s);
}

static void the_credential_is_taken_byte_for_byte(void)
{
    struct setup s = setup_new();
    attestor_request request = setup_request(&s);
    struct bytes longer = bytes_copy(s.credential.ptr, s.credential.len);
    longer.ptr = realloc(longer.ptr, s.credential.len + 1);
    test_need(longer.ptr != NULL, "memory");
    longer.ptr[s.credential.len] = '\n';
    request.credential = longer.ptr;
    request.credential_len = s.credential.len + 1;
    CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, NULL, NULL), ATTESTOR_INVALID_BASE64URL);
    request.credential_len = s.credential.len;
    CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, NULL, NULL), ATTESTOR_OK);
    uint8_t *in_signature = longer.ptr + s.credential.len - 20;
    *in_signature = *in_signature == 'A' ? 'B' : 'A';
    CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, NULL, NULL), ATTESTOR_SIGNATURE_INVALID);
    request.credential_len = 0;
    CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, NULL, NULL), ATTESTOR_MALFORMED_TOKEN);
    bytes_free(&longer);
    setup_free(&s);
}

static void a_policy_without_the_domain_refuses_it(void)
{
    struct setup s = setup_new();
    CHECK_STATUS(set_policy(&s, "{\"version\":1,\"attestors\":[{\"id\":\"spiffe\",\"kind\":\"spiffe\",\"audiences\":[\""
                                AUDIENCE "\"],\"trust_domains\":[\"partner.example\"]}]}"),
                 ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_TRUST_DOMAIN_UNKNOWN);
    setup_free(&s);
}

static void a_verifier_lives_until_its_last_reference(void)
{
    struct setup s = setup_new();
    attestor_verifier *second = attestor_verifier_ref(s.verifier);
    CHECK(second == s.verifier);
    attestor_verifier_free(s.verifier);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    setup_free(&s);
}

static void verifiers_of_one_store_keep_their_policies_apart(void)
{
    struct setup s = setup_new();
    attestor_request request = setup_request(&s);
    attestor_verifier *strict = NULL;
    CHECK_STATUS(new_verifier(s.store, POLICY_OF("another", ""), &strict, NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_verify(strict, &request, s.result, NULL, NULL), ATTESTOR_AUDIENCE_MISMATCH);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    CHECK_STATUS(put_text(s.store, "{\"keys\":[]}", NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_verifier_set_policy(strict, POLICY, strlen(POLICY), NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_verify(strict, &request, s.result, NULL, NULL), ATTESTOR_KID_NOT_FOUND);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_KID_NOT_FOUND);
    attestor_verifier_free(strict);
    setup_free(&s);
}

/* What the token of the corpus has none of: nonce, auth_time, at_hash. */
static void a_request_asks_more_of_a_token(void)
{
    struct setup s = setup_oidc();
    attestor_request request = setup_request(&s);
    request.access_token = (const uint8_t *)"token";
    request.access_token_len = 5;
    CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, NULL, NULL), ATTESTOR_OK);
    const uint64_t ages[] = {1, 300, UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX};
    for (size_t i = 0; i < sizeof ages / sizeof *ages; i++) {
        request.max_age_secs = ages[i];
        CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, NULL, NULL), ATTESTOR_AUTH_TIME_MISSING);
    }
    attestor_summary summary = attestor_summary_default();
    request.nonce = "n-0S6_WzA2Mj";
    request.nonce_len = strlen(request.nonce);
    CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, &summary, NULL), ATTESTOR_NONCE_MISSING);
    CHECK(summary.flags == (ATTESTOR_AUTHENTICATED | ATTESTOR_FROM_CACHE));
    CHECK(summary.verdict_class == ATTESTOR_CLASS_DENY);
    setup_free(&s);
}

static void an_issuers_attestor_can_be_forced(void)
{
    struct setup s = setup_oidc();
    CHECK_STATUS(verify_by(&s, "oidc", 4), ATTESTOR_OK);
    CHECK_STATUS(verify_by(&s, "spiffe", 6), ATTESTOR_ATTESTOR_UNKNOWN);
    setup_free(&s);
}

void verifier_tests(void)
{
    RUN(a_bad_policy_is_named_by_its_path_and_no_value);
    RUN(a_policy_is_swapped_whole);
    RUN(an_attestor_can_be_forced);
    RUN(an_issuers_attestor_can_be_forced);
    RUN(a_request_asks_more_of_a_token);
    RUN(now_decides_and_is_never_zero);
    RUN(the_credential_is_taken_byte_for_byte);
    RUN(a_policy_without_the_domain_refuses_it);
    RUN(a_verifier_lives_until_its_last_reference);
    RUN(verifiers_of_one_store_keep_their_policies_apart);
}
