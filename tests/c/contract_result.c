/* The verdict: what an allow shows, what a refusal hides, and that nothing of the last one is left. */
#include "contract.h"
#include "material.h"

#include <stdio.h>

/* SHA-256 of s0.minted.jwt and of s0.bundle.spiffe.json. */
#define CREDENTIAL_SHA256 "a804a13fa845bf54161ddd4e65b0b12969c4241267e3d2b7ffffbe881ff2d1ff"
#define BUNDLE_SHA256 "936a86a7851e8f197c17d558c30ce9a82502267dc0482da3b35064ce32b851dc"

static void an_allow_shows_who_and_how(void)
{
    struct setup s = setup_new();
    attestor_summary summary = attestor_summary_default(), again = attestor_summary_default();
    CHECK_STATUS(setup_verify(&s, &summary), ATTESTOR_OK);
    CHECK_STATUS(summary.code, ATTESTOR_OK);
    CHECK(summary.verdict_class == ATTESTOR_CLASS_ALLOW);
    CHECK(summary.flags == ATTESTOR_AUTHENTICATED);
    CHECK(summary.expires_at == EXPIRES);
    CHECK_VIEW(summary.identity, IDENTITY);
    CHECK_VIEW(summary.trust_domain, DOMAIN);
    CHECK_VIEW(summary.attestor_id, "spiffe");
    CHECK_VIEW(summary.key_thumbprint, THUMBPRINT);
    CHECK_VIEW(summary.issuer, NULL);
    CHECK_STATUS(attestor_result_summary(s.result, &again, NULL), ATTESTOR_OK);
    CHECK(memcmp(&again, &summary, sizeof again) == 0);
    setup_free(&s);
}

static void the_local_domain_is_marked(void)
{
    struct setup s = setup_new();
    attestor_summary summary = attestor_summary_default();
    const char *policy = POLICY_OF(AUDIENCE, ",\"local_trust_domain\":\"" DOMAIN "\"");
    CHECK_STATUS(attestor_verifier_set_policy(s.verifier, policy, strlen(policy), NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, &summary), ATTESTOR_OK);
    CHECK(summary.flags == (ATTESTOR_AUTHENTICATED | ATTESTOR_LOCAL));
    setup_free(&s);
}

/* The first refusal for a key that is not there asks for a refresh. */
static void check_refusal(const attestor_summary *summary, attestor_status code)
{
    const uint32_t flags = code == ATTESTOR_KID_NOT_FOUND ? ATTESTOR_REFRESH_WANTED : 0;
    CHECK_STATUS(summary->code, code);
    CHECK(summary->verdict_class == attestor_status_class(code));
    CHECK(summary->flags == flags && summary->expires_at == 0);
    CHECK_VIEW(summary->identity, NULL);
    CHECK_VIEW(summary->trust_domain, NULL);
    CHECK_VIEW(summary->key_thumbprint, NULL);
    CHECK_VIEW(summary->issuer, NULL);
}

static void a_refusal_shows_only_the_reason(void)
{
    struct setup s = setup_new();
    attestor_summary summary = attestor_summary_default();
    CHECK_STATUS(put_bytes(s.store, s.revoking, NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, &summary), ATTESTOR_KID_NOT_FOUND);
    check_refusal(&summary, ATTESTOR_KID_NOT_FOUND);
    CHECK_VIEW(summary.attestor_id, "spiffe");
    CHECK_STATUS(attestor_store_remove(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN), NULL),
                 ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, &summary), ATTESTOR_BUNDLE_UNAVAILABLE);
    check_refusal(&summary, ATTESTOR_BUNDLE_UNAVAILABLE);
    attestor_request request = setup_request(&s);
    request.credential_len = 10;
    CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, &summary, NULL), ATTESTOR_MALFORMED_TOKEN);
    check_refusal(&summary, ATTESTOR_MALFORMED_TOKEN);
    CHECK_VIEW(summary.attestor_id, NULL);
    setup_free(&s);
}

static void an_allow_of_an_issuer_shows_it(void)
{
    struct setup s = setup_oidc();
    attestor_summary summary = attestor_summary_default();
    CHECK_STATUS(setup_verify(&s, &summary), ATTESTOR_OK);
    CHECK(summary.verdict_class == ATTESTOR_CLASS_ALLOW && summary.flags == ATTESTOR_AUTHENTICATED);
    CHECK(summary.expires_at == CLOCK + 300);
    CHECK_VIEW(summary.identity, OIDC_IDENTITY);
    CHECK_VIEW(summary.issuer, OIDC_ISSUER);
    CHECK_VIEW(summary.trust_domain, NULL);
    CHECK_VIEW(summary.attestor_id, "oidc");
    /* The next verdict, of a refusal, shows nothing of it. */
    CHECK_STATUS(put_issuer(s.store, ATTESTOR_FORMAT_JWKS, s.revoking), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, &summary), ATTESTOR_KID_NOT_FOUND);
    check_refusal(&summary, ATTESTOR_KID_NOT_FOUND);
    setup_free(&s);
}

static void nothing_is_told_before_the_first_verdict(void)
{
    attestor_result *result = NULL;
    attestor_summary summary = attestor_summary_default(), before = summary;
    uint8_t buf[64];
    size_t len = 77;
    CHECK_STATUS(attestor_result_new(&result, NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_result_summary(result, &summary, NULL), ATTESTOR_NOT_VERIFIED);
    CHECK(memcmp(&summary, &before, sizeof summary) == 0);
    CHECK_STATUS(attestor_result_evidence(result, buf, sizeof buf, &len, NULL), ATTESTOR_NOT_VERIFIED);
    CHECK_STATUS(attestor_result_evidence(result, NULL, 0, &len, NULL), ATTESTOR_NOT_VERIFIED);
    CHECK(len == 77);
    attestor_result_free(result);
}

/* The evidence of the last verdict; nothing if there is none. */
static struct bytes evidence_of(const attestor_result *result)
{
    static uint8_t buf[4096];
    size_t len = 0;
    attestor_status status = attestor_result_evidence(result, buf, sizeof buf, &len, NULL);
    return bytes_copy(buf, status == ATTESTOR_OK ? len : 0);
}

static void evidence_of_an_allow_names_the_material(void)
{
    struct setup s = setup_new();
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    struct bytes text = evidence_of(s.result);
    const char *const parts[] = {"\"attested_external_identity\":\"" IDENTITY "\"", "\"attestor_id\":\"spiffe\"",
                                 "\"credential_sha256\":\"" CREDENTIAL_SHA256 "\"",
                                 "\"digest\":\"" BUNDLE_SHA256 "\"", "\"key_thumbprint\":\"" THUMBPRINT "\"",
                                 "\"verified_at\":1800000000"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) CHECK(bytes_contain(text.ptr, text.len, parts[i]));
    CHECK(text.len > 1 && text.ptr[0] == '{' && text.ptr[text.len - 1] == '}');
    bytes_free(&text);
    setup_free(&s);
}

static void evidence_of_a_refusal_holds_nothing_of_the_credential(void)
{
    struct setup s = setup_new();
    CHECK_STATUS(put_bytes(s.store, s.revoking, NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_KID_NOT_FOUND);
    struct bytes text = evidence_of(s.result);
    const char *wanted = "{\"attestor_id\":\"spiffe\",\"authenticated\":false,\"class\":\"deny\",\"deny_code\":1109,"
                         "\"deny_reason\":\"kid not found in trust bundle\",\"deny_slug\":\"kid_not_found\"}";
    CHECK(text.len == strlen(wanted) && memcmp(text.ptr, wanted, text.len) == 0);
    bytes_free(&text);
    setup_free(&s);
}

static void evidence_fits_its_buffer_or_is_not_written(void)
{
    struct setup s = setup_new();
    size_t len = 0, again = 0;
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_result_evidence(s.result, NULL, 0, &len, NULL), ATTESTOR_BUFFER_TOO_SMALL);
    test_need(len > 2 && len < 4096, "a length");
    for (size_t cap = 0; cap <= len + 1; cap++) {
        struct bytes buf = {malloc(len + 2), cap};
        test_need(buf.ptr != NULL, "memory");
        memset(buf.ptr, 0xA5, len + 2);
        attestor_status status = attestor_result_evidence(s.result, buf.ptr, cap, &again, NULL);
        CHECK_STATUS(status, cap < len ? ATTESTOR_BUFFER_TOO_SMALL : ATTESTOR_OK);
        CHECK(again == len);
        size_t end = cap < len ? 0 : len;
        for (size_t at = end; at < len + 2; at++) CHECK(buf.ptr[at] == 0xA5);
        CHECK(end == 0 || (buf.ptr[0] == '{' && buf.ptr[len - 1] == '}'));
        bytes_free(&buf);
    }
    setup_free(&s);
}

static void views_outlive_store_and_verifier(void)
{
    struct setup s = setup_new();
    attestor_summary summary = attestor_summary_default();
    CHECK_STATUS(setup_verify(&s, &summary), ATTESTOR_OK);
    CHECK_STATUS(attestor_verifier_set_policy(s.verifier, POLICY_OF("x", ""), strlen(POLICY_OF("x", "")), NULL),
                 ATTESTOR_OK);
    CHECK_STATUS(put_text(s.store, "{\"keys\":[]}", NULL), ATTESTOR_OK);
    attestor_verifier_free(s.verifier);
    attestor_store_free(s.store);
    s.verifier = NULL;
    s.store = NULL;
    memset(s.credential.ptr, 0, s.credential.len); /* no caller pointer is kept */
    CHECK_VIEW(summary.identity, IDENTITY);
    CHECK_VIEW(summary.trust_domain, DOMAIN);
    CHECK_VIEW(summary.attestor_id, "spiffe");
    CHECK_VIEW(summary.key_thumbprint, THUMBPRINT);
    struct bytes text = evidence_of(s.result);
    CHECK(bytes_contain(text.ptr, text.len, CREDENTIAL_SHA256));
    bytes_free(&text);
    setup_free(&s);
}

/* Ways to fail after an allow, each with the same summary. */
typedef attestor_status failure(struct setup *s, attestor_request request, attestor_summary *summary);

static attestor_status expired(struct setup *s, attestor_request request, attestor_summary *summary)
{
    request.now = INT64_MAX;
    return attestor_verify(s->verifier, &request, s->result, summary, NULL);
}

static attestor_status cut_short(struct setup *s, attestor_request request, attestor_summary *summary)
{
    request.credential_len--;
    return attestor_verify(s->verifier, &request, s->result, summary, NULL);
}

static attestor_status no_credential(struct setup *s, attestor_request request, attestor_summary *summary)
{
    request.credential = NULL;
    return attestor_verify(s->verifier, &request, s->result, summary, NULL);
}

static attestor_status no_verifier(struct setup *s, attestor_request request, attestor_summary *summary)
{
    return attestor_verify(NULL, &request, s->result, summary, NULL);
}

static attestor_status no_request(struct setup *s, attestor_request request, attestor_summary *summary)
{
    (void)request;
    return attestor_verify(s->verifier, NULL, s->result, summary, NULL);
}

static attestor_status no_size(struct setup *s, attestor_request request, attestor_summary *summary)
{
    request.struct_size = 0;
    return attestor_verify(s->verifier, &request, s->result, summary, NULL);
}

static attestor_status unknown_flag(struct setup *s, attestor_request request, attestor_summary *summary)
{
    request.flags = 1;
    return attestor_verify(s->verifier, &request, s->result, summary, NULL);
}

static attestor_status no_clock(struct setup *s, attestor_request request, attestor_summary *summary)
{
    request.now = 0;
    return attestor_verify(s->verifier, &request, s->result, summary, NULL);
}

static attestor_status nobodys_attestor(struct setup *s, attestor_request request, attestor_summary *summary)
{
    request.attestor_id = "nobody";
    request.attestor_id_len = 6;
    return attestor_verify(s->verifier, &request, s->result, summary, NULL);
}

static failure *const failures[] = {expired, cut_short,    no_credential, no_verifier,     no_request,
                                    no_size, unknown_flag, no_clock,      nobodys_attestor};

/* Nothing that can be read from the result now is an allow. */
static void check_no_allow_is_left(const attestor_result *result)
{
    attestor_summary summary = attestor_summary_default();
    attestor_status told = attestor_result_summary(result, &summary, NULL);
    CHECK(told == ATTESTOR_OK || told == ATTESTOR_NOT_VERIFIED);
    CHECK(summary.code != ATTESTOR_OK && summary.verdict_class != ATTESTOR_CLASS_ALLOW);
    CHECK_VIEW(summary.identity, NULL);
    struct bytes text = evidence_of(result);
    CHECK(!bytes_contain(text.ptr, text.len, "attested_external_identity"));
    CHECK(!bytes_contain(text.ptr, text.len, "minted"));
    bytes_free(&text);
}

static void a_failed_call_leaves_nothing_of_an_allow(void)
{
    struct setup s = setup_new();
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
        attestor_summary summary = attestor_summary_default();
        CHECK_STATUS(setup_verify(&s, &summary), ATTESTOR_OK);
        attestor_status status = failures[i](&s, setup_request(&s), &summary);
        CHECK(status != ATTESTOR_OK);
        check_refusal(&summary, status);
        check_no_allow_is_left(s.result);
    }
    setup_free(&s);
}

static void a_cleared_result_is_as_new(void)
{
    struct setup s = setup_new();
    attestor_summary summary = attestor_summary_default();
    size_t len = 0;
    for (int round = 0; round < 2; round++) {
        CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
        attestor_result_clear(s.result);
        CHECK_STATUS(attestor_result_summary(s.result, &summary, NULL), ATTESTOR_NOT_VERIFIED);
        CHECK_STATUS(attestor_result_evidence(s.result, NULL, 0, &len, NULL), ATTESTOR_NOT_VERIFIED);
        attestor_result_clear(s.result);
    }
    CHECK(len == 0);
    setup_free(&s);
}

static void a_summary_that_cannot_be_written_leaves_no_allow(void)
{
    struct setup s = setup_new();
    attestor_summary summary = attestor_summary_default();
    summary.struct_size = 0;
    CHECK_STATUS(setup_verify(&s, &summary), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(summary.code, ATTESTOR_NOT_VERIFIED);
    check_no_allow_is_left(s.result);
    setup_free(&s);
}

static void a_summary_without_a_result_is_no_allow(void)
{
    struct setup s = setup_new();
    attestor_summary summary = attestor_summary_default();
    attestor_request request = setup_request(&s);
    CHECK_STATUS(setup_verify(&s, &summary), ATTESTOR_OK);
    CHECK_STATUS(attestor_verify(s.verifier, &request, NULL, &summary, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK(summary.code != ATTESTOR_OK && summary.verdict_class == ATTESTOR_CLASS_MISUSE);
    CHECK_VIEW(summary.identity, NULL);
    setup_free(&s);
}

static void an_error_is_written_every_time(void)
{
    struct setup s = setup_new();
    attestor_error err = ATTESTOR_ERROR_INIT;
    attestor_verifier *none = NULL;
    attestor_request request = setup_request(&s);
    CHECK_STATUS(new_verifier(s.store, "{}", &none, &err), ATTESTOR_CONFIG_INVALID);
    CHECK_STATUS(err.code, ATTESTOR_CONFIG_INVALID);
    CHECK_TEXT(err.slug, "config_invalid");
    CHECK_TEXT(err.phrase, "invalid configuration");
    CHECK(err.detail[0] != '\0');
    CHECK_STATUS(put_bytes(s.store, s.bundle, &err), ATTESTOR_OK);
    CHECK_STATUS(err.code, ATTESTOR_OK);
    CHECK_TEXT(err.slug, "ok");
    CHECK_TEXT(err.phrase, "ok");
    CHECK_TEXT(err.detail, "");
    memset(err.detail, 'x', sizeof err.detail);
    request.now = INT64_MAX;
    CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, NULL, &err), ATTESTOR_TOKEN_EXPIRED);
    CHECK_STATUS(err.code, ATTESTOR_TOKEN_EXPIRED);
    CHECK_TEXT(err.slug, "token_expired");
    CHECK_TEXT(err.phrase, "credential expired");
    CHECK_TEXT(err.detail, "");
    CHECK(err.struct_size == sizeof err);
    setup_free(&s);
}

#define RFC_7517_POINT \
    "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\"," \
    "\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\""

/* Skipped, each for a reason of its own. */
static const char *const skipped[] = {
    "7",
    "{}",
    "{\"use\":\"jwt-svid\",\"kty\":\"oct\"}",
    "{\"use\":\"jwt-svid\",\"kty\":\"RSA\",\"kid\":\"k\"}",
    "{\"use\":\"jwt-svid\",\"kty\":\"RSA\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"-_8\"}",
    "{\"use\":\"jwt-svid\",\"alg\":\"RS256\"," JWK_MEMBERS "}",
    "{\"use\":\"jwt-svid\",\"key_ops\":[]," JWK_MEMBERS "}",
    "{\"use\":\"jwt-svid\"," RFC_7517_POINT "}",
    "{\"use\":\"x509-svid\",\"kty\":\"EC\"}",
    "{\"use\":\"x509-svid\",\"kty\":\"EC\",\"x5c\":[\"AAAA\"]}",
};

/* Nothing usable, for so many reasons that their list is longer than `detail`. */
static char *many_skips(void)
{
    enum { TIMES = 100, ROOM = 1 << 19, MODULUS = 1400 };
    char *document = malloc(ROOM), *end = document, modulus[MODULUS + 1] = "";
    test_need(document != NULL, "memory");
    memset(modulus, '_', MODULUS); /* too large */
    end += sprintf(end, "{\"keys\":[{\"use\":\"jwt-svid\",\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"%s\"}", modulus);
    /* One kid, two keys. */
    end += sprintf(end, ",%s,{\"use\":\"jwt-svid\",\"kid\":\"" KID "\"," RFC_7517_POINT "}", JWK);
    for (int time = 0; time < TIMES; time++)
        for (size_t i = 0; i < sizeof skipped / sizeof *skipped; i++) end += sprintf(end, ",%s", skipped[i]);
    sprintf(end, "]}");
    test_need(strlen(document) < ROOM, "room for the entries");
    return document;
}

static void a_long_detail_is_cut_and_terminated(void)
{
    struct setup s = setup_new();
    attestor_error err = ATTESTOR_ERROR_INIT;
    memset(err.detail, 'x', sizeof err.detail);
    char *document = many_skips();
    CHECK_STATUS(put_text(s.store, document, &err), ATTESTOR_NO_USABLE_KEYS);
    const char *end = memchr(err.detail, '\0', sizeof err.detail);
    CHECK(end == err.detail + sizeof err.detail - 1);
    free(document);
    setup_free(&s);
}

static void one_result_serves_credentials_of_any_size(void)
{
    struct setup s = setup_new();
    struct bytes large = {malloc(65537), 65537};
    test_need(large.ptr != NULL, "memory");
    memset(large.ptr, 'A', large.len);
    large.ptr[100] = large.ptr[16000] = '.';
    const size_t lengths[] = {0, 1, 16384, 16385, 65536, 65537, 2, 101, 16384};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        attestor_request request = attestor_request_default(large.ptr, lengths[i]);
        CHECK(attestor_status_class(attestor_verify(s.verifier, &request, s.result, NULL, NULL)) ==
              ATTESTOR_CLASS_DENY);
        CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    }
    bytes_free(&large);
    setup_free(&s);
}

void result_tests(void)
{
    RUN(an_allow_shows_who_and_how);
    RUN(an_allow_of_an_issuer_shows_it);
    RUN(the_local_domain_is_marked);
    RUN(a_refusal_shows_only_the_reason);
    RUN(nothing_is_told_before_the_first_verdict);
    RUN(evidence_of_an_allow_names_the_material);
    RUN(evidence_of_a_refusal_holds_nothing_of_the_credential);
    RUN(evidence_fits_its_buffer_or_is_not_written);
    RUN(views_outlive_store_and_verifier);
    RUN(a_failed_call_leaves_nothing_of_an_allow);
    RUN(a_cleared_result_is_as_new);
    RUN(a_summary_that_cannot_be_written_leaves_no_allow);
    RUN(a_summary_without_a_result_is_no_allow);
    RUN(an_error_is_written_every_time);
    RUN(a_long_detail_is_cut_and_terminated);
    RUN(one_result_serves_credentials_of_any_size);
}
