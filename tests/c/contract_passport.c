/* Passports: made, admitted alone and beside a credential; and what a policy makes of an identity. */
#include "contract.h"
#include "material.h"

#include <stdio.h>

/* RFC 8032 section 7.1, test 1, whose thumbprint is that of RFC 8037 appendix A.3. */
static const uint8_t seed[32] = {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a,
                                 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32,
                                 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
#define KEY "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
#define KEY_THUMBPRINT "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"

#define NATIVE_OF(more) "{\"version\":1,\"attestors\":[{\"id\":\"native\",\"kind\":\"native\"" more "}]}"
#define NATIVE NATIVE_OF("")
#define MAPPED \
    POLICY_OF(AUDIENCE, ",\"map\":[{\"match\":\"spiffe://example.org/{name}\",\"internal_identity\":\"agent/{name}\"," \
                        "\"policies\":[\"read\",\"write\"]}]")

enum { MOST_VIEWS = 64, SEED = sizeof seed };

static attestor_passport_claims claims_until(int64_t expires_at)
{
    attestor_passport_claims claims = ATTESTOR_PASSPORT_CLAIMS_INIT;
    claims.expires_at = expires_at;
    return claims;
}

/* The passport that the claims give. */
static struct bytes mint(const attestor_passport_claims *claims)
{
    static uint8_t buf[1 << 17];
    size_t len = 0;
    CHECK_STATUS(attestor_passport_mint(claims, seed, SEED, buf, sizeof buf, &len, NULL), ATTESTOR_OK);
    return bytes_copy(buf, len);
}

static attestor_status mint_status(const attestor_passport_claims *claims)
{
    uint8_t buf[64];
    size_t len = 0;
    attestor_status status = attestor_passport_mint(claims, seed, SEED, buf, sizeof buf, &len, NULL);
    return status == ATTESTOR_BUFFER_TOO_SMALL ? ATTESTOR_OK : status;
}

static attestor_status set_policy(const struct setup *s, const char *policy)
{
    return attestor_verifier_set_policy(s->verifier, policy, strlen(policy), NULL);
}

static attestor_request passport_request(const struct bytes *passport)
{
    attestor_request request = attestor_request_default(NULL, 0);
    request.now = CLOCK;
    request.passport = passport->ptr;
    request.passport_len = passport->len;
    return request;
}

static attestor_status admit(const struct setup *s, const attestor_request *request, attestor_summary *summary)
{
    return attestor_admit(s->verifier, request, s->result, summary, NULL);
}

static void a_minted_passport_is_its_keys_identity(void)
{
    struct setup s = setup_new();
    attestor_passport_claims claims = claims_until(CLOCK + 300);
    struct bytes passport = mint(&claims);
    attestor_request request = passport_request(&passport);
    attestor_summary summary = attestor_summary_default();
    CHECK_STATUS(set_policy(&s, NATIVE), ATTESTOR_OK);
    CHECK_STATUS(admit(&s, &request, &summary), ATTESTOR_OK);
    CHECK(summary.flags == ATTESTOR_AUTHENTICATED && summary.expires_at == CLOCK + 300);
    CHECK(summary.credential_kind == ATTESTOR_CREDENTIAL_PASSPORT && summary.policies == 0);
    CHECK_VIEW(summary.identity, "native:" KEY);
    CHECK_VIEW(summary.subject, KEY);
    CHECK_VIEW(summary.attestor_id, "native");
    CHECK_VIEW(summary.key_thumbprint, KEY_THUMBPRINT);
    CHECK_VIEW(summary.passport_thumbprint, KEY_THUMBPRINT);
    CHECK_VIEW(summary.trust_domain, NULL);
    CHECK_VIEW(summary.issuer, NULL);
    CHECK_VIEW(summary.internal_identity, NULL);
    CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, &summary, NULL), ATTESTOR_OK);
    CHECK_VIEW(summary.identity, "native:" KEY);
    request.now = CLOCK + 300;
    CHECK_STATUS(admit(&s, &request, &summary), ATTESTOR_TOKEN_EXPIRED);
    CHECK(summary.flags == ATTESTOR_ABOUT_PASSPORT && summary.credential_kind == ATTESTOR_CREDENTIAL_PASSPORT);
    CHECK_VIEW(summary.identity, NULL);
    CHECK_VIEW(summary.subject, NULL);
    CHECK_VIEW(summary.passport_thumbprint, NULL);
    bytes_free(&passport);
    setup_free(&s);
}

static void a_passport_says_what_its_claims_say(void)
{
    struct setup s = setup_new();
    const attestor_str audiences[] = {{"other", 5}, {"ours, and more", 4}};
    attestor_passport_claims claims = claims_until(CLOCK + 300);
    struct bytes plain = mint(&claims);
    claims.issued_at = CLOCK - 60;
    claims.audiences = audiences;
    claims.audiences_len = 2;
    claims.id = "\"one\"";
    claims.id_len = 5;
    struct bytes full = mint(&claims);
    attestor_request without = passport_request(&plain), with = passport_request(&full);
    CHECK_STATUS(set_policy(&s, NATIVE_OF(",\"audiences\":[\"ours\"]")), ATTESTOR_OK);
    CHECK_STATUS(admit(&s, &without, NULL), ATTESTOR_AUDIENCE_MISSING);
    CHECK_STATUS(admit(&s, &with, NULL), ATTESTOR_OK);
    CHECK_STATUS(set_policy(&s, NATIVE_OF(",\"passport_max_lifetime_secs\":360")), ATTESTOR_OK);
    CHECK_STATUS(admit(&s, &without, NULL), ATTESTOR_CLAIM_MISSING);
    CHECK_STATUS(admit(&s, &with, NULL), ATTESTOR_OK);
    CHECK_STATUS(set_policy(&s, NATIVE_OF(",\"passport_max_lifetime_secs\":359")), ATTESTOR_OK);
    CHECK_STATUS(admit(&s, &with, NULL), ATTESTOR_LIFETIME_TOO_LONG);
    CHECK_STATUS(set_policy(&s, NATIVE_OF(",\"evidence\":{\"id\":\"/jti\"}")), ATTESTOR_OK);
    CHECK_STATUS(admit(&s, &with, NULL), ATTESTOR_OK);
    uint8_t evidence[4096];
    size_t len = 0;
    CHECK_STATUS(attestor_result_evidence(s.result, evidence, sizeof evidence, &len, NULL), ATTESTOR_OK);
    CHECK(bytes_contain(evidence, len, "\"attributes\":{\"id\":\"\\\"one\\\"\"}"));
    bytes_free(&plain);
    bytes_free(&full);
    setup_free(&s);
}

static void a_passport_of_nonsense_is_not_made(void)
{
    static attestor_str views[MOST_VIEWS + 1];
    attestor_passport_claims claims = claims_until(CLOCK);
    CHECK_STATUS(mint_status(&claims), ATTESTOR_OK);
    CHECK_STATUS(mint_status(NULL), ATTESTOR_ARGUMENT_INVALID);
    const int64_t never[] = {0, -1, INT64_MIN};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        claims = claims_until(never[i]);
        CHECK_STATUS(mint_status(&claims), ATTESTOR_ARGUMENT_INVALID);
    }
    claims = claims_until(CLOCK);
    claims.issued_at = CLOCK;
    CHECK_STATUS(mint_status(&claims), ATTESTOR_ARGUMENT_INVALID);
    claims.issued_at = CLOCK - 1;
    CHECK_STATUS(mint_status(&claims), ATTESTOR_OK);
    claims.id_len = 1;
    CHECK_STATUS(mint_status(&claims), ATTESTOR_ARGUMENT_INVALID);
    claims.id = "\xff";
    CHECK_STATUS(mint_status(&claims), ATTESTOR_ARGUMENT_INVALID);
    claims.id = "a";
    CHECK_STATUS(mint_status(&claims), ATTESTOR_OK);
    for (size_t i = 0; i <= MOST_VIEWS; i++) views[i] = (attestor_str){"a", 1};
    claims.audiences_len = 1;
    CHECK_STATUS(mint_status(&claims), ATTESTOR_ARGUMENT_INVALID);
    claims.audiences = views;
    claims.audiences_len = MOST_VIEWS;
    CHECK_STATUS(mint_status(&claims), ATTESTOR_OK);
    claims.audiences_len = MOST_VIEWS + 1;
    CHECK_STATUS(mint_status(&claims), ATTESTOR_ARGUMENT_INVALID);
    claims.audiences_len = SIZE_MAX;
    CHECK_STATUS(mint_status(&claims), ATTESTOR_ARGUMENT_INVALID);
    views[0] = (attestor_str){NULL, 1};
    claims.audiences_len = 1;
    CHECK_STATUS(mint_status(&claims), ATTESTOR_ARGUMENT_INVALID);
    views[0] = (attestor_str){"\xff", 1};
    CHECK_STATUS(mint_status(&claims), ATTESTOR_ARGUMENT_INVALID);
}

static void claims_start_with_their_size(void)
{
    struct {
        attestor_passport_claims claims;
        uint8_t more[16];
    } newer;
    memset(&newer, 0, sizeof newer);
    newer.claims = claims_until(CLOCK);
    newer.claims.struct_size = sizeof newer;
    CHECK_STATUS(mint_status(&newer.claims), ATTESTOR_OK);
    newer.more[15] = 1;
    CHECK_STATUS(mint_status(&newer.claims), ATTESTOR_OPTION_UNSUPPORTED);
    attestor_passport_claims claims = claims_until(CLOCK);
    claims.issued_at = CLOCK; /* not after it, if it is read */
    claims.struct_size = offsetof(attestor_passport_claims, issued_at);
    CHECK_STATUS(mint_status(&claims), ATTESTOR_OK);
    const uint32_t nonsense[] = {0, 1, 3, 4097, UINT32_MAX};
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        claims.struct_size = nonsense[i];
        CHECK_STATUS(mint_status(&claims), ATTESTOR_ARGUMENT_INVALID);
    }
    claims = claims_until(CLOCK);
    for (int bit = 0; bit < 32; bit++) {
        claims.flags = (uint32_t)1 << bit;
        CHECK_STATUS(mint_status(&claims), ATTESTOR_OPTION_UNSUPPORTED);
    }
}

/* Both writers, with everything but the claims free to be wrong. */
typedef attestor_status writes(const uint8_t *from, size_t from_len, uint8_t *buf, size_t cap, size_t *len,
                               attestor_error *err);

static attestor_status write_passport(const uint8_t *from, size_t from_len, uint8_t *buf, size_t cap, size_t *len,
                                      attestor_error *err)
{
    attestor_passport_claims claims = claims_until(CLOCK);
    return attestor_passport_mint(&claims, from, from_len, buf, cap, len, err);
}

static attestor_status write_thumbprint(const uint8_t *from, size_t from_len, uint8_t *buf, size_t cap, size_t *len,
                                        attestor_error *err)
{
    return attestor_passport_thumbprint(from, from_len, buf, cap, len, err);
}

static void check_writer(writes *it)
{
    uint8_t buf[1024];
    size_t len = 0, again = 0;
    CHECK_STATUS(it(seed, SEED, NULL, 0, &len, NULL), ATTESTOR_BUFFER_TOO_SMALL);
    test_need(len > 0 && len < sizeof buf, "a length");
    for (size_t cap = 0; cap <= len + 1; cap++) {
        memset(buf, 0xA5, sizeof buf);
        CHECK_STATUS(it(seed, SEED, buf, cap, &again, NULL), cap < len ? ATTESTOR_BUFFER_TOO_SMALL : ATTESTOR_OK);
        CHECK(again == len);
        for (size_t at = cap < len ? 0 : len; at < sizeof buf; at++) CHECK(buf[at] == 0xA5);
    }
    attestor_error err = ATTESTOR_ERROR_INIT;
    CHECK_STATUS(it(NULL, SEED, buf, sizeof buf, &len, &err), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(err.code, ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(it(seed, SEED, NULL, 1, &len, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(it(seed, SEED, NULL, SIZE_MAX, &len, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(it(seed, SEED, buf, sizeof buf, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    uint8_t longer[SEED + 1] = {0};
    memcpy(longer, seed, SEED);
    const size_t lengths[] = {0, 1, SEED - 1, SEED + 1};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        CHECK_STATUS(it(longer, lengths[i], buf, sizeof buf, &len, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(it(NULL, 0, buf, sizeof buf, &len, NULL), ATTESTOR_ARGUMENT_INVALID);
}

static void what_is_written_fits_its_buffer_or_is_not_written(void)
{
    check_writer(write_passport);
    check_writer(write_thumbprint);
}

static void a_thumbprint_is_that_of_rfc_8037(void)
{
    struct setup s = setup_new();
    uint8_t buf[64] = {0};
    size_t len = 0;
    CHECK_STATUS(attestor_passport_thumbprint(seed, SEED, buf, sizeof buf, &len, NULL), ATTESTOR_OK);
    CHECK(len == strlen(KEY_THUMBPRINT) && memcmp(buf, KEY_THUMBPRINT, len) == 0);
    attestor_passport_claims claims = claims_until(CLOCK + 1);
    struct bytes passport = mint(&claims);
    attestor_request request = passport_request(&passport);
    attestor_summary summary = attestor_summary_default();
    CHECK_STATUS(set_policy(&s, NATIVE_OF(",\"pinned_keys\":[\"" KEY_THUMBPRINT "\"]")), ATTESTOR_OK);
    CHECK_STATUS(admit(&s, &request, NULL), ATTESTOR_OK);
    CHECK_STATUS(set_policy(&s, NATIVE_OF(",\"pinned_keys\":[\"" THUMBPRINT "\"]")), ATTESTOR_OK);
    CHECK_STATUS(admit(&s, &request, &summary), ATTESTOR_KEY_UNTRUSTED);
    CHECK(summary.flags == (ATTESTOR_AUTHENTICATED | ATTESTOR_ABOUT_PASSPORT));
    bytes_free(&passport);
    setup_free(&s);
}

static void an_admission_needs_a_passport(void)
{
    struct setup s = setup_new();
    attestor_request request = setup_request(&s);
    attestor_summary summary = attestor_summary_default();
    CHECK_STATUS(setup_verify(&s, &summary), ATTESTOR_OK);
    CHECK_STATUS(admit(&s, &request, &summary), ATTESTOR_ARGUMENT_INVALID);
    CHECK(summary.verdict_class == ATTESTOR_CLASS_MISUSE);
    CHECK_VIEW(summary.identity, NULL);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_admit(s.verifier, &request, s.result, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_result_summary(s.result, &summary, NULL), ATTESTOR_OK);
    CHECK_STATUS(summary.code, ATTESTOR_ARGUMENT_INVALID);
    attestor_passport_claims claims = claims_until(CLOCK + 1);
    struct bytes passport = mint(&claims);
    request.passport = passport.ptr;
    request.passport_len = passport.len;
    CHECK_STATUS(attestor_admit(NULL, &request, s.result, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_admit(s.verifier, NULL, s.result, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_admit(s.verifier, &request, NULL, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(admit(&s, &request, &summary), ATTESTOR_OK);
    CHECK_VIEW(summary.identity, IDENTITY);
    CHECK_VIEW(summary.passport_thumbprint, KEY_THUMBPRINT);
    CHECK_VIEW(summary.key_thumbprint, THUMBPRINT);
    /* An empty passport is one, and no good one; beside a credential too. */
    request.passport_len = 0;
    CHECK_STATUS(admit(&s, &request, &summary), ATTESTOR_MALFORMED_TOKEN);
    CHECK(summary.flags == ATTESTOR_ABOUT_PASSPORT);
    CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, NULL, NULL), ATTESTOR_MALFORMED_TOKEN);
    request.passport_len = SIZE_MAX;
    CHECK_STATUS(admit(&s, &request, NULL), ATTESTOR_ARGUMENT_INVALID);
    request.passport_len = passport.len - 1;
    CHECK(attestor_status_class(admit(&s, &request, &summary)) == ATTESTOR_CLASS_DENY);
    CHECK(summary.flags == ATTESTOR_ABOUT_PASSPORT);
    bytes_free(&passport);
    setup_free(&s);
}

/* A pointer without its bytes is no pointer: nothing that the host asks is dropped. */
static void a_length_without_a_pointer_is_refused(void)
{
    struct setup s = setup_new();
    const size_t members[] = {
        offsetof(attestor_request, attestor_id_len),  offsetof(attestor_request, nonce_len),
        offsetof(attestor_request, access_token_len), offsetof(attestor_request, passport_len),
        offsetof(attestor_request, chain_len),        offsetof(attestor_request, audience_len),
        offsetof(attestor_request, challenge_len),    offsetof(attestor_request, proof_len),
        offsetof(attestor_request, peer_certificate_len),
    };
    const size_t lengths[] = {1, 4096, SIZE_MAX / 2, SIZE_MAX};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        for (size_t n = 0; n < sizeof lengths / sizeof *lengths; n++) {
            attestor_request request = setup_request(&s);
            memcpy((uint8_t *)&request + members[i], &lengths[n], sizeof lengths[n]);
            if (!CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, NULL, NULL), ATTESTOR_ARGUMENT_INVALID))
                fprintf(stderr, "  member %d, length %zu\n", (int)i, lengths[n]);
        }
    setup_free(&s);
}

static void a_chain_and_a_credential_are_one_too_many(void)
{
    struct setup s = setup_new();
    attestor_request request = setup_request(&s);
    const uint8_t chain[] = {0x30, 0x00};
    request.chain = chain;
    request.chain_len = sizeof chain;
    request.possession = ATTESTOR_POSSESSION_TLS_HANDSHAKE;
    CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    attestor_passport_claims claims = claims_until(CLOCK + 1);
    struct bytes passport = mint(&claims);
    request.passport = passport.ptr;
    request.passport_len = passport.len;
    CHECK_STATUS(admit(&s, &request, NULL), ATTESTOR_ARGUMENT_INVALID);
    bytes_free(&passport);
    setup_free(&s);
}

static void possession_is_one_of_its_constants(void)
{
    struct setup s = setup_new();
    const uint8_t chain[] = {0x30, 0x00}, short_challenge[15] = {0};
    attestor_request request = attestor_request_default(NULL, 0);
    request.now = CLOCK;
    request.chain = chain;
    request.chain_len = sizeof chain;
    const uint32_t unknown[] = {3, 4, 255, 65537, INT32_MAX, UINT32_MAX};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        request.possession = unknown[i];
        CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    }
    for (uint32_t known = 0; known <= ATTESTOR_POSSESSION_SIGNED_CHALLENGE; known++) {
        request.possession = known;
        request.challenge = short_challenge;
        request.challenge_len = sizeof short_challenge;
        CHECK(attestor_verify(s.verifier, &request, s.result, NULL, NULL) != ATTESTOR_OK);
    }
    request = setup_request(&s);
    for (int bit = 0; bit < 32; bit++) {
        request.reserved = (uint32_t)1 << bit;
        CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, NULL, NULL), ATTESTOR_OPTION_UNSUPPORTED);
    }
    setup_free(&s);
}

/* A caller that knows less of the structures asks for less, and is told less. */
static void an_older_caller_knows_no_passport(void)
{
    struct setup s = setup_new();
    attestor_passport_claims claims = claims_until(CLOCK);
    struct bytes passport = mint(&claims); /* expired */
    attestor_request request = setup_request(&s);
    request.passport = passport.ptr;
    request.passport_len = passport.len;
    attestor_summary summary = attestor_summary_default(), before = summary;
    CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, NULL, NULL), ATTESTOR_TOKEN_EXPIRED);
    request.struct_size = offsetof(attestor_request, passport);
    CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, NULL, NULL), ATTESTOR_OK);
    CHECK_STATUS(admit(&s, &request, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(set_policy(&s, MAPPED), ATTESTOR_OK);
    summary.struct_size = offsetof(attestor_summary, subject);
    CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, &summary, NULL), ATTESTOR_OK);
    CHECK_VIEW(summary.identity, IDENTITY);
    CHECK_VIEW(summary.subject, NULL);
    CHECK_VIEW(summary.internal_identity, NULL);
    CHECK(summary.policies == before.policies && summary.credential_kind == before.credential_kind);
    bytes_free(&passport);
    setup_free(&s);
}

static void a_map_grants_policies_one_by_one(void)
{
    struct setup s = setup_new();
    attestor_summary summary = attestor_summary_default();
    attestor_str policy = {"before", 6};
    CHECK_STATUS(attestor_result_policy(NULL, 0, &policy, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_result_policy(s.result, 0, &policy, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(set_policy(&s, MAPPED), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, &summary), ATTESTOR_OK);
    CHECK(summary.policies == 2 && summary.credential_kind == ATTESTOR_CREDENTIAL_JWT_SVID);
    CHECK_VIEW(summary.subject, IDENTITY);
    CHECK_VIEW(summary.internal_identity, "agent/minted");
    CHECK_VIEW(summary.passport_thumbprint, NULL);
    CHECK_STATUS(attestor_result_policy(s.result, 0, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_result_policy(s.result, 1, &policy, NULL), ATTESTOR_OK);
    CHECK_VIEW(policy, "write");
    CHECK_STATUS(attestor_result_policy(s.result, 0, &policy, NULL), ATTESTOR_OK);
    CHECK_VIEW(policy, "read");
    const uint64_t past[] = {2, UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX};
    for (size_t i = 0; i < sizeof past / sizeof *past; i++) {
        attestor_error err = ATTESTOR_ERROR_INIT;
        CHECK_STATUS(attestor_result_policy(s.result, past[i], &policy, &err), ATTESTOR_ARGUMENT_INVALID);
        CHECK_STATUS(err.code, ATTESTOR_ARGUMENT_INVALID);
    }
    CHECK_VIEW(policy, "read");
    /* A refusal grants nothing. */
    attestor_request request = setup_request(&s);
    request.now = INT64_MAX;
    CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, &summary, NULL), ATTESTOR_TOKEN_EXPIRED);
    CHECK(summary.policies == 0);
    CHECK_VIEW(summary.internal_identity, NULL);
    CHECK_STATUS(attestor_result_policy(s.result, 0, &policy, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    attestor_result_clear(s.result);
    CHECK_STATUS(attestor_result_policy(s.result, 0, &policy, NULL), ATTESTOR_ARGUMENT_INVALID);
    setup_free(&s);
}

static attestor_status set_shadow(const struct setup *s, const char *policy)
{
    struct bytes copy = bytes_copy(policy, strlen(policy));
    attestor_status status = attestor_verifier_set_shadow_policy(s->verifier, (const char *)copy.ptr, copy.len, NULL);
    bytes_free(&copy);
    return status;
}

static void check_shadow(const struct setup *s, attestor_status verdict, attestor_status shadow)
{
    attestor_summary summary = attestor_summary_default();
    CHECK_STATUS(setup_verify(s, &summary), verdict);
    CHECK((summary.flags & ATTESTOR_SHADOWED) != 0);
    CHECK_STATUS(summary.shadow_code, shadow);
    CHECK((summary.identity.ptr != NULL) == (verdict == ATTESTOR_OK));
}

static void a_shadow_policy_is_told_and_decides_nothing(void)
{
    struct setup s = setup_new();
    attestor_summary summary = attestor_summary_default();
    attestor_error err = ATTESTOR_ERROR_INIT;
    CHECK_STATUS(set_shadow(&s, POLICY_OF("another", "")), ATTESTOR_OK);
    check_shadow(&s, ATTESTOR_OK, ATTESTOR_AUDIENCE_MISMATCH);
    CHECK_STATUS(set_policy(&s, POLICY_OF("another", "")), ATTESTOR_OK);
    CHECK_STATUS(set_shadow(&s, POLICY), ATTESTOR_OK);
    check_shadow(&s, ATTESTOR_AUDIENCE_MISMATCH, ATTESTOR_OK);
    CHECK_STATUS(set_policy(&s, POLICY), ATTESTOR_OK);
    check_shadow(&s, ATTESTOR_OK, ATTESTOR_OK);
    /* A bad one changes nothing. */
    CHECK_STATUS(attestor_verifier_set_shadow_policy(s.verifier, "{\"secret\":1}", 12, &err), ATTESTOR_CONFIG_INVALID);
    CHECK(strstr(err.detail, "$.secret") != NULL);
    CHECK_STATUS(attestor_verifier_set_shadow_policy(s.verifier, "", 0, NULL), ATTESTOR_CONFIG_INVALID);
    CHECK_STATUS(attestor_verifier_set_shadow_policy(s.verifier, NULL, 1, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_verifier_set_shadow_policy(NULL, POLICY, strlen(POLICY), NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_verifier_set_shadow_policy(NULL, NULL, 0, NULL), ATTESTOR_ARGUMENT_INVALID);
    /* It has judged before what the cache knows. */
    CHECK_STATUS(setup_verify(&s, &summary), ATTESTOR_OK);
    CHECK(summary.flags == (ATTESTOR_AUTHENTICATED | ATTESTOR_FROM_CACHE));
    CHECK_STATUS(set_policy(&s, POLICY), ATTESTOR_OK);
    check_shadow(&s, ATTESTOR_OK, ATTESTOR_OK);
    /* NULL removes it, with what the result kept of it. */
    CHECK_STATUS(attestor_verifier_set_shadow_policy(s.verifier, NULL, 0, NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, &summary), ATTESTOR_OK);
    CHECK(summary.flags == ATTESTOR_AUTHENTICATED && summary.shadow_code == 0);
    setup_free(&s);
}

void passport_tests(void)
{
    RUN(a_minted_passport_is_its_keys_identity);
    RUN(a_passport_says_what_its_claims_say);
    RUN(a_passport_of_nonsense_is_not_made);
    RUN(claims_start_with_their_size);
    RUN(what_is_written_fits_its_buffer_or_is_not_written);
    RUN(a_thumbprint_is_that_of_rfc_8037);
    RUN(an_admission_needs_a_passport);
    RUN(a_length_without_a_pointer_is_refused);
    RUN(a_chain_and_a_credential_are_one_too_many);
    RUN(possession_is_one_of_its_constants);
    RUN(an_older_caller_knows_no_passport);
    RUN(a_map_grants_policies_one_by_one);
    RUN(a_shadow_policy_is_told_and_decides_nothing);
}
