/* Versions, statuses, skip reasons: the numbers and words that hosts build on, written down a second time. */
#include "contract.h"
#include "test.h"

#include <ctype.h>
#include <stdio.h>

#define S(code, name, phrase, class) {ATTESTOR_##name, code, #name, phrase, ATTESTOR_CLASS_##class}

static const struct {
    attestor_status macro;
    attestor_status code;
    const char *name;
    const char *phrase;
    int32_t verdict_class;
} statuses[] = {
    S(1, INTERNAL_ERROR, "internal error", MISUSE),
    S(2, ARGUMENT_INVALID, "invalid argument", MISUSE),
    S(3, CONFIG_INVALID, "invalid configuration", MISUSE),
    S(4, OPTION_UNSUPPORTED, "option not supported by this version", MISUSE),
    S(5, BUFFER_TOO_SMALL, "buffer too small", MISUSE),
    S(6, NOT_VERIFIED, "nothing was verified", MISUSE),
    S(7, CLOCK_INVALID, "clock not usable", MISUSE),
    S(8, ATTESTOR_UNKNOWN, "attestor not in policy", MISUSE),
    S(9, STORE_POISONED, "store refuses changes after an internal error", MISUSE),
    S(10, HANDLE_CLOSED, "handle is closed", MISUSE),
    S(20, SOURCE_NAME_INVALID, "invalid source name", MISUSE),
    S(21, FORMAT_UNSUPPORTED, "bundle format not supported for this source", MISUSE),
    S(22, BUNDLE_MALFORMED, "trust bundle malformed", MISUSE),
    S(23, BUNDLE_PRIVATE_KEY, "trust bundle contains a private key", MISUSE),
    S(24, NO_USABLE_KEYS, "trust bundle has no usable keys", MISUSE),
    S(25, TRUST_DOMAIN_MISMATCH, "trust bundle names another trust domain", MISUSE),
    S(26, BUNDLE_ROLLBACK, "trust bundle sequence went back", MISUSE),
    S(27, BUNDLE_DUPLICATE_TRUST_DOMAIN, "trust bundle map names a trust domain twice", MISUSE),
    S(28, OVERLAY_FULL, "deny overlay is full", MISUSE),
    S(29, RECEIPT_INVALID, "receipt log does not verify", MISUSE),
    S(30, BUNDLE_REKEYED, "trust bundle gives a known kid another key", MISUSE),
    S(31, BUNDLE_REPLACED, "trust bundle replaces all keys at once", MISUSE),
    S(32, CALLBACK_FAILED, "refresh callback failed", MISUSE),
    S(33, REFRESH_REENTRANT, "refresh called from a refresh callback", MISUSE),
    S(34, REFRESH_BUSY, "source is being refreshed", MISUSE),
    S(35, FEED_REPLACED, "feed was replaced during its fetch", MISUSE),
    S(36, SNAPSHOT_INVALID, "snapshot not usable", MISUSE),
    S(37, SOURCE_NOT_PUBLISHED, "source not on the publishing list", MISUSE),
    S(1000, INPUT_TOO_LARGE, "credential too large", DENY),
    S(1001, MALFORMED_TOKEN, "not a compact JWS", DENY),
    S(1002, TOKEN_ENCRYPTED, "encrypted tokens are not accepted", DENY),
    S(1003, JSON_SERIALIZATION_REJECTED, "JSON-serialized JWS is not accepted", DENY),
    S(1004, INVALID_BASE64URL, "invalid base64url", DENY),
    S(1005, INVALID_UTF8, "invalid UTF-8", DENY),
    S(1006, INVALID_JSON, "invalid JSON", DENY),
    S(1007, JSON_DUPLICATE_MEMBER, "duplicate JSON member", DENY),
    S(1008, JSON_TOO_DEEP, "JSON nested too deeply", DENY),
    S(1100, HEADER_PARAM_FORBIDDEN, "header parameter not allowed", DENY),
    S(1101, HEADER_PARAM_INVALID, "header parameter has the wrong type", DENY),
    S(1102, CRIT_UNSUPPORTED, "critical header parameter not understood", DENY),
    S(1103, B64_FORBIDDEN, "unencoded payload not allowed", DENY),
    S(1104, TYP_MISMATCH, "token type not accepted", DENY),
    S(1105, ALG_MISSING, "alg missing", DENY),
    S(1106, ALG_NOT_ALLOWED, "algorithm not allowed", DENY),
    S(1107, ALG_KEY_MISMATCH, "algorithm does not fit the key", DENY),
    S(1108, KID_MISSING, "kid missing", DENY),
    S(1109, KID_NOT_FOUND, "kid not found in trust bundle", DENY),
    S(1110, KEY_INVALID, "key not usable", DENY),
    S(1111, KEY_TOO_WEAK, "key too weak", DENY),
    S(1200, SIGNATURE_MALFORMED, "signature has the wrong form", DENY),
    S(1201, SIGNATURE_INVALID, "signature verification failed", DENY),
    S(1202, POP_REQUIRED, "proof of possession required", DENY),
    S(1203, CNF_INVALID, "confirmation claim not usable", DENY),
    S(1300, NUMERIC_DATE_INVALID, "date out of range", DENY),
    S(1301, TOKEN_EXPIRED, "credential expired", DENY),
    S(1302, TOKEN_NOT_YET_VALID, "nbf in the future", DENY),
    S(1303, ISSUED_IN_FUTURE, "iat in the future", DENY),
    S(1304, LIFETIME_TOO_LONG, "credential lifetime too long", DENY),
    S(1400, CLAIM_MISSING, "required claim missing", DENY),
    S(1401, CLAIM_TYPE_INVALID, "claim has the wrong type", DENY),
    S(1402, AUDIENCE_MISSING, "audience missing", DENY),
    S(1403, AUDIENCE_MISMATCH, "audience mismatch", DENY),
    S(1404, ISSUER_UNKNOWN, "issuer not in policy", DENY),
    S(1405, AUDIENCE_UNTRUSTED_EXTRA, "token is for untrusted audiences too", DENY),
    S(1406, TOKEN_CLASS_MISMATCH, "token is of another class", DENY),
    S(1407, AZP_MISSING, "authorized party missing", DENY),
    S(1408, AZP_MISMATCH, "authorized party not accepted", DENY),
    S(1409, NONCE_MISSING, "nonce missing", DENY),
    S(1410, NONCE_MISMATCH, "nonce mismatch", DENY),
    S(1411, AUTH_TIME_MISSING, "authentication time missing", DENY),
    S(1412, AUTH_TOO_OLD, "authentication too long ago", DENY),
    S(1413, AT_HASH_MISMATCH, "access token does not belong to the token", DENY),
    S(1414, ISSUER_MISMATCH, "issuer does not fit the key or version", DENY),
    S(1415, TENANT_MISMATCH, "tenant not accepted", DENY),
    S(1416, SUBJECT_INCONSISTENT, "subject contradicts other claims", DENY),
    S(1500, TRUST_DOMAIN_UNKNOWN, "trust domain not in bundle", DENY),
    S(1501, SPIFFE_ID_EMPTY, "SPIFFE ID is empty", DENY),
    S(1502, SPIFFE_ID_WRONG_SCHEME, "SPIFFE ID scheme is not spiffe", DENY),
    S(1503, SPIFFE_ID_MISSING_TRUST_DOMAIN, "SPIFFE ID has no trust domain", DENY),
    S(1504, SPIFFE_ID_BAD_TRUST_DOMAIN_CHAR, "SPIFFE ID trust domain has a forbidden character", DENY),
    S(1505, SPIFFE_ID_TRUST_DOMAIN_TOO_LONG, "SPIFFE ID trust domain too long", DENY),
    S(1506, SPIFFE_ID_BAD_PATH_CHAR, "SPIFFE ID path has a forbidden character", DENY),
    S(1507, SPIFFE_ID_EMPTY_SEGMENT, "SPIFFE ID has an empty path segment", DENY),
    S(1508, SPIFFE_ID_DOT_SEGMENT, "SPIFFE ID has a dot segment", DENY),
    S(1509, SPIFFE_ID_TRAILING_SLASH, "SPIFFE ID ends with a slash", DENY),
    S(1510, SPIFFE_ID_TOO_LONG, "SPIFFE ID too long", DENY),
    S(1511, SPIFFE_ID_PATH_REQUIRED, "SPIFFE ID has no path", DENY),
    S(1600, CERT_MALFORMED, "certificate malformed", DENY),
    S(1601, CHAIN_EMPTY, "certificate chain empty", DENY),
    S(1602, CHAIN_TOO_LONG, "certificate chain too long", DENY),
    S(1603, LEAF_IS_CA, "leaf certificate is a CA", DENY),
    S(1604, LEAF_KEY_USAGE_FORBIDDEN, "leaf key usage not allowed", DENY),
    S(1605, LEAF_DIGITAL_SIGNATURE_MISSING, "leaf may not sign", DENY),
    S(1606, EKU_MISMATCH, "extended key usage does not fit", DENY),
    S(1607, URI_SAN_MISSING, "leaf has no URI SAN", DENY),
    S(1608, URI_SAN_MULTIPLE, "leaf has several URI SANs", DENY),
    S(1609, ISSUER_NOT_CA, "issuing certificate is not a CA", DENY),
    S(1610, PATH_LEN_EXCEEDED, "path length constraint exceeded", DENY),
    S(1611, NAME_CONSTRAINT_VIOLATION, "name constraint violated", DENY),
    S(1612, NAME_CONSTRAINT_UNSUPPORTED, "name constraint not supported", DENY),
    S(1613, CRITICAL_EXTENSION_UNSUPPORTED, "critical extension not understood", DENY),
    S(1614, CERT_EXPIRED, "certificate expired", DENY),
    S(1615, CERT_NOT_YET_VALID, "certificate not yet valid", DENY),
    S(1616, CERT_ALG_NOT_ALLOWED, "certificate algorithm not allowed", DENY),
    S(1617, CERT_REVOKED, "certificate revoked", DENY),
    S(1618, CHAIN_UNTRUSTED, "no path to an authority of the trust domain", DENY),
    S(1619, BUDGET_EXCEEDED, "certificate path too costly", DENY),
    S(1700, NOT_ALLOWED, "identity not allowed by policy", DENY),
    S(1701, NOT_MAPPED, "identity has no mapping in policy", DENY),
    S(1702, OVERLAY_DENIED, "identity denied by overlay", DENY),
    S(1703, KEY_UNTRUSTED, "passport key not pinned by policy", DENY),
    S(2000, BUNDLE_UNAVAILABLE, "trust bundle unavailable", UNAVAILABLE),
    S(2001, BUNDLE_STALE, "trust bundle stale", UNAVAILABLE),
};

#undef S

enum { STATUSES = sizeof statuses / sizeof *statuses };

static const char *const skips[] = {
    "not_object",
    "use_ignored",
    "key_type_unsupported",
    "algorithm_unsupported",
    "operation_unsupported",
    "kid_missing",
    "kid_ambiguous",
    "key_invalid",
    "key_too_weak",
    "key_too_large",
    "certificate_missing",
    "certificate_invalid",
    "certificate_key_mismatch",
    "certificate_not_ca",
};

enum { SKIPS = sizeof skips / sizeof *skips };

static void versions_agree(void)
{
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", ATTESTOR_VERSION_MAJOR, ATTESTOR_VERSION_MINOR, ATTESTOR_VERSION_PATCH);
    CHECK_TEXT(ATTESTOR_VERSION_STRING, text);
    CHECK_TEXT(attestor_version_string(), text);
    uint32_t hex = (uint32_t)ATTESTOR_VERSION_MAJOR << 16 | (uint32_t)ATTESTOR_VERSION_MINOR << 8 |
                   (uint32_t)ATTESTOR_VERSION_PATCH;
    CHECK(ATTESTOR_VERSION_HEX == hex);
    CHECK(attestor_version_hex() == hex);
    CHECK(attestor_abi() == ATTESTOR_ABI);
    CHECK(attestor_check_abi() == 1);
}

static void every_status_keeps_its_number_and_words(void)
{
    for (int i = 0; i < STATUSES; i++) {
        char slug[64] = "";
        for (size_t at = 0; statuses[i].name[at] != '\0' && at < sizeof slug - 1; at++)
            slug[at] = (char)tolower((unsigned char)statuses[i].name[at]);
        CHECK(statuses[i].macro == statuses[i].code);
        CHECK_TEXT(attestor_status_slug(statuses[i].code), slug);
        CHECK_TEXT(attestor_status_phrase(statuses[i].code), statuses[i].phrase);
        CHECK(attestor_status_class(statuses[i].code) == statuses[i].verdict_class);
    }
    CHECK(ATTESTOR_OK == 0);
    CHECK_TEXT(attestor_status_slug(ATTESTOR_OK), "ok");
    CHECK_TEXT(attestor_status_phrase(ATTESTOR_OK), "ok");
    CHECK(attestor_status_class(ATTESTOR_OK) == ATTESTOR_CLASS_ALLOW);
}

static int is_listed(attestor_status code)
{
    for (int i = 0; i < STATUSES; i++)
        if (statuses[i].code == code) return 1;
    return 0;
}

static int32_t class_of_band(attestor_status code)
{
    if (code == 0) return ATTESTOR_CLASS_ALLOW;
    if (code >= 1000 && code <= 1999) return ATTESTOR_CLASS_DENY;
    if (code >= 2000 && code <= 2099) return ATTESTOR_CLASS_UNAVAILABLE;
    return ATTESTOR_CLASS_MISUSE;
}

static void check_any_code(attestor_status code)
{
    int known = code == 0 || is_listed(code);
    CHECK((strcmp(attestor_status_slug(code), "unknown") != 0) == known);
    CHECK((strcmp(attestor_status_phrase(code), "unknown") != 0) == known);
    CHECK(attestor_status_class(code) == class_of_band(code));
}

static void status_functions_are_total(void)
{
    for (attestor_status code = -1000; code <= 70000; code++) check_any_code(code);
    const attestor_status far[] = {INT32_MIN, INT32_MIN + 1, -65536, 1 << 24, INT32_MAX - 1, INT32_MAX};
    for (size_t i = 0; i < sizeof far / sizeof *far; i++) check_any_code(far[i]);
}

static void every_status_has_words_of_its_own(void)
{
    for (int i = 0; i < STATUSES; i++)
        for (int j = 0; j < i; j++) {
            CHECK(strcmp(statuses[i].name, statuses[j].name) != 0);
            CHECK(strcmp(statuses[i].phrase, statuses[j].phrase) != 0);
        }
}

static void skip_slugs_are_total(void)
{
    for (uint32_t i = 0; i < SKIPS; i++) CHECK_TEXT(attestor_skip_slug(i), skips[i]);
    const uint32_t past[] = {SKIPS, 31, 32, 255, 256, INT32_MAX, UINT32_MAX};
    for (size_t i = 0; i < sizeof past / sizeof *past; i++) CHECK_TEXT(attestor_skip_slug(past[i]), "unknown");
}

static void inline_helpers_do_what_they_say(void)
{
    attestor_summary summary = attestor_summary_default();
    CHECK(summary.struct_size == sizeof summary && summary.code != ATTESTOR_OK);
    CHECK(summary.verdict_class != ATTESTOR_CLASS_ALLOW && summary.identity.ptr == NULL);
    CHECK(summary.issuer.ptr == NULL && summary.issuer.len == 0);
    attestor_slot_info info = attestor_slot_info_default();
    CHECK(info.struct_size == sizeof info && info.flags == 0 && info.entries == 0);
    const uint8_t byte = 0;
    attestor_request request = attestor_request_default(&byte, 1);
    CHECK(request.struct_size == sizeof request && request.now == ATTESTOR_NOW);
    CHECK(request.credential == &byte && request.credential_len == 1 && request.attestor_id == NULL);
    CHECK(request.nonce == NULL && request.access_token == NULL && request.max_age_secs == 0);
    CHECK(attestor_store_put_cstr(NULL, "example.org", ATTESTOR_FORMAT_SPIFFE_BUNDLE, &byte, 1, NULL) ==
          ATTESTOR_ARGUMENT_INVALID);
}

void status_tests(void)
{
    RUN(versions_agree);
    RUN(every_status_keeps_its_number_and_words);
    RUN(every_status_has_words_of_its_own);
    RUN(status_functions_are_total);
    RUN(skip_slugs_are_total);
    RUN(inline_helpers_do_what_they_say);
}
