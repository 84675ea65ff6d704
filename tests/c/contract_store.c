/* The bundle cache: what a put takes, what it refuses, what stays. */
#include "contract.h"
#include "material.h"

#include <time.h>

/* SHA-256 of s0.bundle.spiffe.json. */
static const uint8_t bundle_digest[32] = {
    0x93, 0x6a, 0x86, 0xa7, 0x85, 0x1e, 0x8f, 0x19, 0x7c, 0x17, 0xd5, 0x58, 0xc3, 0x0c, 0xe9, 0xa8,
    0x25, 0x02, 0x26, 0x7d, 0xc0, 0x48, 0x2d, 0xa3, 0xb3, 0x50, 0x64, 0xce, 0x32, 0xb8, 0x51, 0xdc};

static attestor_status put_as(attestor_store *store, uint32_t kind, const char *name, uint32_t format,
                              const char *document, attestor_error *err)
{
    return attestor_store_put(store, kind, name, strlen(name), format, (const uint8_t *)document, strlen(document),
                              NULL, CLOCK, err);
}

static void a_put_is_reported(void)
{
    struct setup s = setup_new();
    attestor_slot_info info = attestor_slot_info_default(), later = attestor_slot_info_default();
    CHECK_STATUS(jwt_slot(s.store, &info), ATTESTOR_OK);
    CHECK(info.struct_size == sizeof info);
    CHECK(info.flags == (ATTESTOR_SLOT_HAS_SEQUENCE | ATTESTOR_SLOT_HAS_SOFT_AGE | ATTESTOR_SLOT_HAS_HARD_AGE));
    CHECK(info.sequence == 1 && info.refresh_hint == 0 && info.soft_age_secs == 300 && info.hard_age_secs == 600);
    CHECK(info.feed == FEED && info.confirmed_at == CLOCK && info.entries == 1);
    CHECK(info.findings == 0 && info.withheld == 0);
    CHECK(memcmp(info.digest, bundle_digest, sizeof info.digest) == 0);
    CHECK_STATUS(put_bytes(s.store, s.revoking, NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_store_info(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, "spiffe://" DOMAIN,
                                     strlen("spiffe://" DOMAIN), ATTESTOR_SLOT_X509, &later, NULL),
                 ATTESTOR_OK);
    CHECK(later.generation > info.generation && later.entries == 1);
    setup_free(&s);
}

static void hints_and_skips_are_reported(void)
{
    attestor_store *store = NULL;
    attestor_slot_info info = attestor_slot_info_default();
    CHECK_STATUS(attestor_store_new(NULL, &store, NULL), ATTESTOR_OK);
    const char *document =
        "{\"spiffe_refresh_hint\":600,\"keys\":[7,{\"kty\":\"oct\",\"use\":\"jwt-svid\"},8," JWK "]}";
    CHECK_STATUS(put_text(store, document, NULL), ATTESTOR_OK);
    CHECK_STATUS(jwt_slot(store, &info), ATTESTOR_OK);
    CHECK(info.flags ==
          (ATTESTOR_SLOT_HAS_REFRESH_HINT | ATTESTOR_SLOT_HAS_SOFT_AGE | ATTESTOR_SLOT_HAS_HARD_AGE));
    CHECK(info.refresh_hint == 600 && info.soft_age_secs == 600 && info.hard_age_secs == 1200 && info.sequence == 0);
    for (uint32_t i = 0; i < 32; i++) {
        const char *slug = attestor_skip_slug(i);
        uint32_t wanted = strcmp(slug, "not_object") == 0 ? 2 : strcmp(slug, "key_type_unsupported") == 0;
        CHECK(info.skipped[i] == wanted);
    }
    attestor_store_free(store);
}

static void the_format_is_never_guessed(void)
{
    struct setup s = setup_new();
    const char *no_use = "{\"keys\":[{" JWK_MEMBERS "}]}";
    const uint32_t td = ATTESTOR_SOURCE_TRUST_DOMAIN;
    attestor_slot_info info = attestor_slot_info_default();
    CHECK_STATUS(put_as(s.store, td, DOMAIN, ATTESTOR_FORMAT_SPIFFE_BUNDLE, no_use, NULL), ATTESTOR_NO_USABLE_KEYS);
    CHECK_STATUS(put_as(s.store, td, "partner.example", ATTESTOR_FORMAT_WORKLOAD_API_JWKS, no_use, NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_store_info(s.store, td, "partner.example", 15, ATTESTOR_SLOT_JWT, &info, NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_store_info(s.store, td, "partner.example", 15, ATTESTOR_SLOT_X509, &info, NULL),
                 ATTESTOR_BUNDLE_UNAVAILABLE);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    setup_free(&s);
}

static void unknown_kinds_formats_and_slots_are_refused(void)
{
    struct setup s = setup_new();
    attestor_slot_info info = attestor_slot_info_default();
    const uint32_t unknown[] = {0, 9, 10, 255, 65536 + 1, INT32_MAX, UINT32_MAX}; /* of anything */
    const uint32_t known[] = {3, 4, 5, 6, 7, 8}; /* as a format; 3 as a slot too */
    const uint32_t td = ATTESTOR_SOURCE_TRUST_DOMAIN, spiffe = ATTESTOR_FORMAT_SPIFFE_BUNDLE;
    const char *empty = "{\"keys\":[]}";
    size_t n = strlen(DOMAIN);
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        CHECK_STATUS(put_as(s.store, unknown[i], DOMAIN, spiffe, empty, NULL), ATTESTOR_ARGUMENT_INVALID);
        CHECK_STATUS(put_as(s.store, td, DOMAIN, unknown[i], empty, NULL), ATTESTOR_FORMAT_UNSUPPORTED);
        CHECK_STATUS(attestor_store_remove(s.store, unknown[i], DOMAIN, n, NULL), ATTESTOR_ARGUMENT_INVALID);
        CHECK_STATUS(attestor_store_info(s.store, unknown[i], DOMAIN, n, ATTESTOR_SLOT_JWT, &info, NULL),
                     ATTESTOR_ARGUMENT_INVALID);
        CHECK_STATUS(attestor_store_info(s.store, td, DOMAIN, n, unknown[i], &info, NULL), ATTESTOR_ARGUMENT_INVALID);
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        CHECK_STATUS(put_as(s.store, known[i], DOMAIN, spiffe, empty, NULL), ATTESTOR_ARGUMENT_INVALID);
        CHECK_STATUS(attestor_store_remove(s.store, known[i], DOMAIN, n, NULL), ATTESTOR_ARGUMENT_INVALID);
        CHECK_STATUS(attestor_store_info(s.store, td, DOMAIN, n, known[i], &info, NULL),
                     known[i] == ATTESTOR_SLOT_CRL ? ATTESTOR_BUNDLE_UNAVAILABLE : ATTESTOR_ARGUMENT_INVALID);
    }
    CHECK(info.generation == 0);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    setup_free(&s);
}

static void a_format_feeds_the_sources_it_is_for(void)
{
    struct setup s = setup_new();
    const char *empty = "{\"keys\":[]}";
    static const struct {
        uint32_t format;
        attestor_status domain, issuer; /* of an empty key set */
    } formats[] = {
        {ATTESTOR_FORMAT_SPIFFE_BUNDLE, ATTESTOR_OK, ATTESTOR_FORMAT_UNSUPPORTED},
        {ATTESTOR_FORMAT_WORKLOAD_API_JWKS, ATTESTOR_OK, ATTESTOR_FORMAT_UNSUPPORTED},
        {ATTESTOR_FORMAT_JWKS, ATTESTOR_NO_USABLE_KEYS, ATTESTOR_NO_USABLE_KEYS},
        {ATTESTOR_FORMAT_PUBLIC_KEY_PEM, ATTESTOR_BUNDLE_MALFORMED, ATTESTOR_BUNDLE_MALFORMED},
        {ATTESTOR_FORMAT_X509_PEM, ATTESTOR_BUNDLE_MALFORMED, ATTESTOR_FORMAT_UNSUPPORTED},
        {ATTESTOR_FORMAT_X509_DER, ATTESTOR_BUNDLE_MALFORMED, ATTESTOR_FORMAT_UNSUPPORTED},
        {ATTESTOR_FORMAT_BUNDLE_MAP, ATTESTOR_SOURCE_NAME_INVALID, ATTESTOR_FORMAT_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        CHECK(formats[i].format == i + 1);
        CHECK_STATUS(put_as(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, formats[i].format, empty, NULL),
                     formats[i].domain);
        CHECK_STATUS(put_as(s.store, ATTESTOR_SOURCE_ISSUER, OIDC_ISSUER, formats[i].format, empty, NULL),
                     formats[i].issuer);
    }
    setup_free(&s);
}

static void an_issuer_is_put_told_and_removed(void)
{
    struct setup s = setup_oidc();
    attestor_slot_info info = attestor_slot_info_default();
    const uint32_t issuer = ATTESTOR_SOURCE_ISSUER, jwt = ATTESTOR_SLOT_JWT;
    const size_t n = strlen(OIDC_ISSUER);
    CHECK_STATUS(attestor_store_info(s.store, issuer, OIDC_ISSUER, n, jwt, &info, NULL), ATTESTOR_OK);
    CHECK(info.entries == 5 && info.confirmed_at == CLOCK && info.feed == 0);
    CHECK_STATUS(attestor_store_info(s.store, issuer, OIDC_ISSUER "/", n + 1, jwt, &info, NULL),
                 ATTESTOR_BUNDLE_UNAVAILABLE);
    CHECK_STATUS(attestor_store_info(s.store, issuer, OIDC_ISSUER, n, ATTESTOR_SLOT_X509, &info, NULL),
                 ATTESTOR_BUNDLE_UNAVAILABLE);
    CHECK_STATUS(attestor_store_info(s.store, issuer, "", 0, jwt, &info, NULL), ATTESTOR_SOURCE_NAME_INVALID);
    CHECK_STATUS(put_issuer(s.store, ATTESTOR_FORMAT_JWKS, s.revoking), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_KID_NOT_FOUND);
    CHECK_STATUS(attestor_store_remove(s.store, issuer, OIDC_ISSUER, n, NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_BUNDLE_UNAVAILABLE);
    CHECK_STATUS(put_issuer(s.store, ATTESTOR_FORMAT_JWKS, s.bundle), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    setup_free(&s);
}

static void an_issuer_named_like_a_domain_is_another_source(void)
{
    struct setup s = setup_new();
    attestor_slot_info info = attestor_slot_info_default();
    const char *keys = "{\"keys\":[{" JWK_MEMBERS "}]}";
    const uint32_t issuer = ATTESTOR_SOURCE_ISSUER;
    const size_t n = strlen(DOMAIN);
    CHECK_STATUS(attestor_store_info(s.store, issuer, DOMAIN, n, ATTESTOR_SLOT_JWT, &info, NULL),
                 ATTESTOR_BUNDLE_UNAVAILABLE);
    CHECK_STATUS(put_as(s.store, issuer, DOMAIN, ATTESTOR_FORMAT_JWKS, keys, NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_store_remove(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, n, NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_BUNDLE_UNAVAILABLE);
    CHECK_STATUS(attestor_store_info(s.store, issuer, DOMAIN, n, ATTESTOR_SLOT_JWT, &info, NULL), ATTESTOR_OK);
    setup_free(&s);
}

static const char *const bad_names[] = {"",         "Example.org",         "example.org/",    "spiffe://", "*",
                                        "exa mple", "https://example.org", "example.org:443", "\xc3\xa4",
                                        "spiffe://example.org/path"};

enum { BAD_NAMES = sizeof bad_names / sizeof *bad_names };

static void bad_names_are_refused(void)
{
    struct setup s = setup_new();
    const uint32_t td = ATTESTOR_SOURCE_TRUST_DOMAIN;
    for (int i = 0; i < BAD_NAMES; i++) {
        CHECK_STATUS(put_as(s.store, td, bad_names[i], ATTESTOR_FORMAT_SPIFFE_BUNDLE, "{\"keys\":[]}", NULL),
                     ATTESTOR_SOURCE_NAME_INVALID);
        CHECK_STATUS(attestor_store_remove(s.store, td, bad_names[i], strlen(bad_names[i]), NULL),
                     ATTESTOR_SOURCE_NAME_INVALID);
    }
    setup_free(&s);
}

static void a_bad_name_is_no_missing_bundle(void)
{
    struct setup s = setup_new();
    attestor_slot_info info = attestor_slot_info_default();
    for (int i = 0; i < BAD_NAMES; i++)
        CHECK_STATUS(attestor_store_info(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, bad_names[i], strlen(bad_names[i]),
                                         ATTESTOR_SLOT_JWT, &info, NULL),
                     ATTESTOR_SOURCE_NAME_INVALID);
    setup_free(&s);
}

static const struct {
    const char *document;
    attestor_status status;
    const char *detail; /* a part of it */
} bad_documents[] = {
    {"", ATTESTOR_BUNDLE_MALFORMED, "invalid JSON"},
    {"-----BEGIN CERTIFICATE-----", ATTESTOR_BUNDLE_MALFORMED, "invalid JSON"},
    {"{\"keys\":[]", ATTESTOR_BUNDLE_MALFORMED, "invalid JSON"},
    {"[]", ATTESTOR_BUNDLE_MALFORMED, ""},
    {"{}", ATTESTOR_BUNDLE_MALFORMED, "keys: missing"},
    {"{\"keys\":null}", ATTESTOR_BUNDLE_MALFORMED, "keys: must be an array"},
    {"{\"keys\":[],\"keys\":[]}", ATTESTOR_BUNDLE_MALFORMED, "duplicate JSON member"},
    {"{\"keys\":[{\"use\":\"jwt-svid\",\"d\":\"secret\"," JWK_MEMBERS "}]}", ATTESTOR_BUNDLE_PRIVATE_KEY, "keys[0]"},
    {"{\"keys\":[" JWK ",{\"use\":\"jwt-svid\",\"kid\":\"k\",\"kty\":\"RSA\",\"p\":\"secret\"}]}",
     ATTESTOR_BUNDLE_PRIVATE_KEY, "keys[1]"},
    {"{\"keys\":[{\"use\":\"jwt-svid\",\"kid\":\"secret\",\"kty\":\"EC\",\"crv\":\"secret\"}]}",
     ATTESTOR_NO_USABLE_KEYS, "key_type_unsupported"},
    {"{\"keys\":[],\"trust_domain\":\"secret.example\"}", ATTESTOR_TRUST_DOMAIN_MISMATCH, "trust_domain"},
};

static void a_bad_put_changes_nothing_and_quotes_nothing(void)
{
    struct setup s = setup_new();
    attestor_slot_info before = attestor_slot_info_default(), after = attestor_slot_info_default();
    CHECK_STATUS(jwt_slot(s.store, &before), ATTESTOR_OK);
    for (size_t i = 0; i < sizeof bad_documents / sizeof *bad_documents; i++) {
        attestor_error err = ATTESTOR_ERROR_INIT;
        CHECK_STATUS(put_text(s.store, bad_documents[i].document, &err), bad_documents[i].status);
        CHECK_STATUS(err.code, bad_documents[i].status);
        CHECK(strstr(err.detail, bad_documents[i].detail) != NULL);
        CHECK(strstr(err.detail, "secret") == NULL);
    }
    CHECK_STATUS(jwt_slot(s.store, &after), ATTESTOR_OK);
    CHECK(memcmp(&before, &after, sizeof before) == 0);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    setup_free(&s);
}

static void a_document_above_a_mebibyte_is_refused(void)
{
    struct setup s = setup_new();
    const char *start = "{\"keys\":[]}";
    struct bytes padded = {malloc((1 << 20) + 1), 1 << 20};
    test_need(padded.ptr != NULL, "a mebibyte");
    memset(padded.ptr, ' ', padded.len + 1);
    memcpy(padded.ptr, start, strlen(start));
    CHECK_STATUS(put_bytes(s.store, padded, NULL), ATTESTOR_OK);
    padded.len++;
    CHECK_STATUS(put_bytes(s.store, padded, NULL), ATTESTOR_BUNDLE_MALFORMED);
    bytes_free(&padded);
    setup_free(&s);
}

static void a_sequence_goes_back_with_additions_by_force_only(void)
{
    struct setup s = setup_new();
    attestor_slot_info info = attestor_slot_info_default();
    attestor_put_options force = ATTESTOR_PUT_OPTIONS_INIT;
    force.flags = ATTESTOR_PUT_FORCE;
    CHECK_STATUS(put_bytes(s.store, s.revoking, NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_KID_NOT_FOUND);
    CHECK_STATUS(put_bytes(s.store, s.bundle, NULL), ATTESTOR_BUNDLE_ROLLBACK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_KID_NOT_FOUND);
    CHECK_STATUS(attestor_store_put(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN),
                                    ATTESTOR_FORMAT_SPIFFE_BUNDLE, s.bundle.ptr, s.bundle.len, &force, CLOCK, NULL),
                 ATTESTOR_OK);
    CHECK_STATUS(jwt_slot(s.store, &info), ATTESTOR_OK);
    CHECK(info.sequence == 1 && info.feed == 0);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    setup_free(&s);
}

static void an_empty_key_set_revokes(void)
{
    struct setup s = setup_new();
    attestor_slot_info info = attestor_slot_info_default();
    CHECK_STATUS(put_text(s.store, "{\"keys\":[]}", NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_KID_NOT_FOUND);
    CHECK_STATUS(jwt_slot(s.store, &info), ATTESTOR_OK);
    CHECK(info.entries == 0);
    CHECK_STATUS(put_bytes(s.store, s.bundle, NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    setup_free(&s);
}

static void a_removed_source_is_unavailable(void)
{
    struct setup s = setup_new();
    attestor_slot_info info = attestor_slot_info_default();
    for (int round = 0; round < 2; round++) {
        CHECK_STATUS(attestor_store_remove(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN), NULL),
                     ATTESTOR_OK);
        CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_BUNDLE_UNAVAILABLE);
        CHECK_STATUS(jwt_slot(s.store, &info), ATTESTOR_BUNDLE_UNAVAILABLE);
    }
    CHECK(info.generation == 0);
    CHECK_STATUS(put_bytes(s.store, s.bundle, NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    setup_free(&s);
}

#define MAP_OF(members) "{\"trust_domains\":{" members "}}"

/* Puts a bundle map as FEED. */
static attestor_status put_map(attestor_store *store, struct bytes map, attestor_error *err)
{
    attestor_put_options options = ATTESTOR_PUT_OPTIONS_INIT;
    options.feed = FEED;
    return attestor_store_put(store, ATTESTOR_SOURCE_TRUST_DOMAIN, NULL, 0, ATTESTOR_FORMAT_BUNDLE_MAP, map.ptr,
                              map.len, &options, CLOCK, err);
}

static attestor_status put_map_text(attestor_store *store, const char *map, attestor_error *err)
{
    struct bytes copy = bytes_copy(map, strlen(map));
    attestor_status status = put_map(store, copy, err);
    bytes_free(&copy);
    return status;
}

static void a_map_is_all_that_its_feed_delivers(void)
{
    struct setup s = setup_new();
    attestor_slot_info info = attestor_slot_info_default();
    const uint32_t td = ATTESTOR_SOURCE_TRUST_DOMAIN;
    CHECK_STATUS(put_map_text(s.store, MAP_OF("\"" DOMAIN "\":{\"spiffe_sequence\":2,\"keys\":[" JWK "]},"
                                              "\"partner.example\":{\"keys\":[]}"),
                              NULL),
                 ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_store_info(s.store, td, "partner.example", 15, ATTESTOR_SLOT_JWT, &info, NULL), ATTESTOR_OK);
    CHECK(info.feed == FEED && info.entries == 0);
    CHECK_STATUS(put_map_text(s.store, MAP_OF("\"partner.example\":{\"keys\":[]}"), NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_BUNDLE_UNAVAILABLE);
    CHECK_STATUS(put_as(s.store, td, DOMAIN, ATTESTOR_FORMAT_SPIFFE_BUNDLE, "{\"keys\":[" JWK "]}", NULL),
                 ATTESTOR_OK);
    CHECK_STATUS(put_map_text(s.store, MAP_OF(""), NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK); /* another feed's */
    CHECK_STATUS(attestor_store_info(s.store, td, "partner.example", 15, ATTESTOR_SLOT_JWT, &info, NULL),
                 ATTESTOR_BUNDLE_UNAVAILABLE);
    setup_free(&s);
}

static const struct {
    const char *map;
    attestor_status status;
    const char *detail; /* a part of it */
} bad_maps[] = {
    {"", ATTESTOR_BUNDLE_MALFORMED, "invalid JSON"},
    {"{}", ATTESTOR_BUNDLE_MALFORMED, "trust_domains: missing"},
    {"{\"trust_domains\":[]}", ATTESTOR_BUNDLE_MALFORMED, "trust_domains: must be an object"},
    {MAP_OF("\"secret\":null"), ATTESTOR_BUNDLE_MALFORMED, "trust_domains[0]"},
    {MAP_OF("\"a\":{\"keys\":[]},\"secret\":{}"), ATTESTOR_BUNDLE_MALFORMED, "trust_domains[1]: keys: missing"},
    {MAP_OF("\"Secret\":{\"keys\":[]}"), ATTESTOR_SOURCE_NAME_INVALID, "trust_domains[0]"},
    {MAP_OF("\"secret\":{\"keys\":[]},\"\\u0073ecret\":{\"keys\":[]}"),
     ATTESTOR_BUNDLE_DUPLICATE_TRUST_DOMAIN, "trust_domains"},
    {MAP_OF("\"secret\":{\"keys\":[]},\"spiffe://secret\":{\"keys\":[]}"),
     ATTESTOR_BUNDLE_DUPLICATE_TRUST_DOMAIN, "trust_domains[1]"},
    {MAP_OF("\"secret\":{\"keys\":[{\"use\":\"jwt-svid\",\"d\":\"secret\"," JWK_MEMBERS "}]}"),
     ATTESTOR_BUNDLE_PRIVATE_KEY, "trust_domains[0]: keys[0]"},
};

static void a_bad_map_changes_nothing_and_quotes_nothing(void)
{
    struct setup s = setup_new();
    attestor_slot_info before = attestor_slot_info_default(), after = attestor_slot_info_default();
    CHECK_STATUS(jwt_slot(s.store, &before), ATTESTOR_OK);
    for (size_t i = 0; i < sizeof bad_maps / sizeof *bad_maps; i++) {
        attestor_error err = ATTESTOR_ERROR_INIT;
        CHECK_STATUS(put_map_text(s.store, bad_maps[i].map, &err), bad_maps[i].status);
        CHECK(strstr(err.detail, bad_maps[i].detail) != NULL && strstr(err.detail, "ecret") == NULL);
    }
    CHECK_STATUS(jwt_slot(s.store, &after), ATTESTOR_OK);
    CHECK(memcmp(&before, &after, sizeof before) == 0);
    setup_free(&s);
}

static void a_map_above_sixteen_mebibytes_is_refused(void)
{
    attestor_store *store = NULL;
    CHECK_STATUS(attestor_store_new(NULL, &store, NULL), ATTESTOR_OK);
    struct bytes padded = {malloc((16 << 20) + 1), 16 << 20};
    test_need(padded.ptr != NULL, "sixteen mebibytes");
    memset(padded.ptr, ' ', padded.len + 1);
    memcpy(padded.ptr, MAP_OF(""), strlen(MAP_OF("")));
    CHECK_STATUS(put_map(store, padded, NULL), ATTESTOR_OK);
    padded.len++;
    CHECK_STATUS(put_map(store, padded, NULL), ATTESTOR_BUNDLE_MALFORMED);
    bytes_free(&padded);
    attestor_store_free(store);
}

static attestor_status put_at(struct setup *s, int64_t now)
{
    return attestor_store_put(s->store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN),
                              ATTESTOR_FORMAT_SPIFFE_BUNDLE, s->bundle.ptr, s->bundle.len, NULL, now, NULL);
}

static void now_is_positive_or_the_system_clock(void)
{
    struct setup s = setup_new();
    attestor_slot_info info = attestor_slot_info_default();
    CHECK_STATUS(put_at(&s, 0), ATTESTOR_CLOCK_INVALID);
    CHECK_STATUS(put_at(&s, -1), ATTESTOR_CLOCK_INVALID);
    CHECK_STATUS(put_at(&s, INT64_MIN + 1), ATTESTOR_CLOCK_INVALID);
    CHECK_STATUS(jwt_slot(s.store, &info), ATTESTOR_OK);
    CHECK(info.confirmed_at == CLOCK);
    CHECK_STATUS(put_at(&s, 1), ATTESTOR_OK);
    CHECK_STATUS(put_at(&s, INT64_MAX), ATTESTOR_OK);
    time_t before = time(NULL);
    CHECK_STATUS(put_at(&s, ATTESTOR_NOW), ATTESTOR_OK);
    CHECK_STATUS(jwt_slot(s.store, &info), ATTESTOR_OK);
    CHECK(info.confirmed_at >= before && info.confirmed_at <= time(NULL) + 1); /* time() may lag by a tick */
    setup_free(&s);
}

static void a_store_lives_until_its_last_reference(void)
{
    struct setup s = setup_new();
    attestor_store *second = attestor_store_ref(s.store);
    CHECK(second == s.store);
    attestor_store_free(s.store);
    CHECK_STATUS(put_bytes(second, s.revoking, NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_KID_NOT_FOUND);
    attestor_store_free(second);
    s.store = NULL;
    /* The verifier holds a reference of its own. */
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_KID_NOT_FOUND);
    setup_free(&s);
}

static void two_stores_share_nothing(void)
{
    struct setup one = setup_new(), other = setup_new();
    CHECK_STATUS(put_text(one.store, "{\"keys\":[]}", NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&one, NULL), ATTESTOR_KID_NOT_FOUND);
    CHECK_STATUS(setup_verify(&other, NULL), ATTESTOR_OK);
    setup_free(&one);
    CHECK_STATUS(setup_verify(&other, NULL), ATTESTOR_OK);
    setup_free(&other);
}

void store_tests(void)
{
    RUN(a_put_is_reported);
    RUN(hints_and_skips_are_reported);
    RUN(the_format_is_never_guessed);
    RUN(unknown_kinds_formats_and_slots_are_refused);
    RUN(a_format_feeds_the_sources_it_is_for);
    RUN(an_issuer_is_put_told_and_removed);
    RUN(an_issuer_named_like_a_domain_is_another_source);
    RUN(bad_names_are_refused);
    RUN(a_bad_name_is_no_missing_bundle);
    RUN(a_bad_put_changes_nothing_and_quotes_nothing);
    RUN(a_document_above_a_mebibyte_is_refused);
    RUN(a_map_is_all_that_its_feed_delivers);
    RUN(a_bad_map_changes_nothing_and_quotes_nothing);
    RUN(a_map_above_sixteen_mebibytes_is_refused);
    RUN(a_sequence_goes_back_with_additions_by_force_only);
    RUN(an_empty_key_set_revokes);
    RUN(a_removed_source_is_unavailable);
    RUN(now_is_positive_or_the_system_clock);
    RUN(a_store_lives_until_its_last_reference);
    RUN(two_stores_share_nothing);
}
