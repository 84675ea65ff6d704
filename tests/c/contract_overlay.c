/* The deny overlay: what an entry may be, and how many there are. */
#include "contract.h"
#include "material.h"

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static attestor_deny_entry entry_of(uint32_t kind, const char *source, uint32_t field, const char *value)
{
    attestor_deny_entry entry = attestor_deny_entry_default();
    entry.kind = kind;
    entry.field = field;
    entry.source = source;
    entry.source_len = strlen(source);
    entry.value = value;
    entry.value_len = strlen(value);
    return entry;
}

static attestor_deny_entry good_entry(void)
{
    return entry_of(ATTESTOR_DENY_KIND_TRUST_DOMAIN, DOMAIN, ATTESTOR_DENY_FIELD_SUB, IDENTITY);
}

static attestor_store *new_store(void)
{
    attestor_store *store = NULL;
    test_need(attestor_store_new(NULL, &store, NULL) == ATTESTOR_OK, "a store");
    return store;
}

static void numbers_are_stable(void)
{
    const uint32_t kinds[] = {ATTESTOR_DENY_KIND_TRUST_DOMAIN, ATTESTOR_DENY_KIND_ISSUER, ATTESTOR_DENY_KIND_NATIVE};
    const uint32_t fields[] = {ATTESTOR_DENY_FIELD_SUB,         ATTESTOR_DENY_FIELD_JTI,
                               ATTESTOR_DENY_FIELD_KID,         ATTESTOR_DENY_FIELD_KEY_THUMBPRINT,
                               ATTESTOR_DENY_FIELD_X509_SERIAL, ATTESTOR_DENY_FIELD_SPKI_SHA256,
                               ATTESTOR_DENY_FIELD_POD_UID};
    for (uint32_t i = 0; i < sizeof kinds / sizeof *kinds; i++) CHECK(kinds[i] == i + 1);
    for (uint32_t i = 0; i < sizeof fields / sizeof *fields; i++) CHECK(fields[i] == i + 1);
}

static void entries_come_and_go(void)
{
    attestor_store *store = new_store();
    attestor_deny_entry first = good_entry();
    attestor_deny_entry second = entry_of(ATTESTOR_DENY_KIND_ISSUER, "*", ATTESTOR_DENY_FIELD_POD_UID, "u");
    int32_t lifted = -1;
    CHECK(attestor_store_denials(store) == 0);
    CHECK_STATUS(attestor_store_lift(store, &first, &lifted, NULL), ATTESTOR_OK);
    CHECK(lifted == 0);
    CHECK_STATUS(attestor_store_deny(store, &first, CLOCK, NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_store_deny(store, &second, CLOCK, NULL), ATTESTOR_OK);
    CHECK(attestor_store_denials(store) == 2);
    /* Another spelling of the same domain, another end: the same entry. */
    first = entry_of(ATTESTOR_DENY_KIND_TRUST_DOMAIN, "spiffe://" DOMAIN, ATTESTOR_DENY_FIELD_SUB, IDENTITY);
    first.expires_at = CLOCK + 1;
    CHECK_STATUS(attestor_store_deny(store, &first, CLOCK, NULL), ATTESTOR_OK);
    CHECK(attestor_store_denials(store) == 2);
    CHECK_STATUS(attestor_store_lift(store, &first, &lifted, NULL), ATTESTOR_OK);
    CHECK(lifted == 1 && attestor_store_denials(store) == 1);
    CHECK_STATUS(attestor_store_lift(store, &second, NULL, NULL), ATTESTOR_OK);
    CHECK(attestor_store_denials(store) == 0);
    for (int round = 0; round < 2; round++) {
        CHECK_STATUS(attestor_store_deny(store, &second, CLOCK, NULL), ATTESTOR_OK);
        CHECK_STATUS(attestor_store_clear_denials(store, NULL), ATTESTOR_OK);
        CHECK_STATUS(attestor_store_clear_denials(store, NULL), ATTESTOR_OK);
        CHECK(attestor_store_denials(store) == 0);
    }
    attestor_store_free(store);
}

static void every_kind_and_field_takes_its_values(void)
{
    attestor_store *store = new_store();
    const attestor_deny_entry good[] = {
        entry_of(1, "*", 1, "s"),
        entry_of(1, DOMAIN, 2, "j"),
        entry_of(2, OIDC_ISSUER, 3, KID),
        entry_of(3, "*", 4, THUMBPRINT),
        entry_of(1, DOMAIN, 5, "7b"),
        entry_of(1, DOMAIN, 5, "7b@" HEX64),
        entry_of(1, DOMAIN, 6, HEX64),
        entry_of(2, OIDC_ISSUER, 7, "550e8400-e29b-41d4-a716-446655440000"),
    };
    uint64_t n = sizeof good / sizeof *good;
    for (uint64_t i = 0; i < n; i++) CHECK_STATUS(attestor_store_deny(store, &good[i], CLOCK, NULL), ATTESTOR_OK);
    CHECK(attestor_store_denials(store) == n);
    attestor_store_free(store);
}

static void bad_entries_are_refused_and_not_quoted(void)
{
    const struct {
        attestor_deny_entry entry;
        attestor_status status;
        const char *detail; /* a part of it */
    } bad[] = {
        {entry_of(0, "*", 1, "secret"), ATTESTOR_ARGUMENT_INVALID, ""},
        {entry_of(4, "*", 1, "secret"), ATTESTOR_ARGUMENT_INVALID, ""},
        {entry_of(UINT32_MAX, "*", 1, "secret"), ATTESTOR_ARGUMENT_INVALID, ""},
        {entry_of(1, "*", 0, "secret"), ATTESTOR_ARGUMENT_INVALID, ""},
        {entry_of(1, "*", 8, "secret"), ATTESTOR_ARGUMENT_INVALID, ""},
        {entry_of(1, "*", UINT32_MAX, "secret"), ATTESTOR_ARGUMENT_INVALID, ""},
        {entry_of(1, "*", 1, "\xff"), ATTESTOR_ARGUMENT_INVALID, ""},
        {entry_of(1, "*", 1, ""), ATTESTOR_ARGUMENT_INVALID, "value"},
        {entry_of(1, "*", 4, "secret"), ATTESTOR_ARGUMENT_INVALID, "value"},
        {entry_of(1, "*", 5, "secret"), ATTESTOR_ARGUMENT_INVALID, "value"},
        {entry_of(1, "*", 5, "07b"), ATTESTOR_ARGUMENT_INVALID, "value"},
        {entry_of(1, "*", 6, "secret"), ATTESTOR_ARGUMENT_INVALID, "value"},
        {entry_of(1, "", 1, "secret"), ATTESTOR_SOURCE_NAME_INVALID, ""},
        {entry_of(1, "Secret.example", 1, "secret"), ATTESTOR_SOURCE_NAME_INVALID, ""},
        {entry_of(2, "", 1, "secret"), ATTESTOR_SOURCE_NAME_INVALID, ""},
        {entry_of(3, "secret", 1, "secret"), ATTESTOR_SOURCE_NAME_INVALID, ""},
    };
    attestor_store *store = new_store();
    int32_t lifted = -1;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        attestor_error err = ATTESTOR_ERROR_INIT;
        CHECK_STATUS(attestor_store_deny(store, &bad[i].entry, CLOCK, &err), bad[i].status);
        CHECK(strstr(err.detail, bad[i].detail) != NULL && strstr(err.detail, "ecret") == NULL);
        CHECK_STATUS(attestor_store_lift(store, &bad[i].entry, &lifted, NULL), bad[i].status);
    }
    CHECK(lifted == -1 && attestor_store_denials(store) == 0);
    attestor_store_free(store);
}

static void an_entry_ends_after_now(void)
{
    attestor_store *store = new_store();
    attestor_deny_entry entry = good_entry();
    const int64_t past[] = {CLOCK, CLOCK - 1, 1, -1, INT64_MIN};
    for (size_t i = 0; i < sizeof past / sizeof *past; i++) {
        entry.expires_at = past[i];
        CHECK_STATUS(attestor_store_deny(store, &entry, CLOCK, NULL), ATTESTOR_ARGUMENT_INVALID);
    }
    entry.expires_at = CLOCK + 1;
    CHECK_STATUS(attestor_store_deny(store, &entry, 0, NULL), ATTESTOR_CLOCK_INVALID);
    CHECK_STATUS(attestor_store_deny(store, &entry, -1, NULL), ATTESTOR_CLOCK_INVALID);
    CHECK(attestor_store_denials(store) == 0);
    CHECK_STATUS(attestor_store_deny(store, &entry, CLOCK, NULL), ATTESTOR_OK);
    entry.expires_at = 0;
    CHECK_STATUS(attestor_store_deny(store, &entry, ATTESTOR_NOW, NULL), ATTESTOR_OK);
    CHECK(attestor_store_denials(store) == 1);
    attestor_store_free(store);
}

static void overlay_calls_take_no_null(void)
{
    attestor_store *store = new_store();
    attestor_deny_entry entry = good_entry();
    CHECK(attestor_store_denials(NULL) == 0);
    CHECK_STATUS(attestor_store_deny(NULL, &entry, CLOCK, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_store_deny(store, NULL, CLOCK, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_store_lift(NULL, &entry, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_store_lift(store, NULL, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_store_clear_denials(NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    const size_t lengths[] = {2049, SIZE_MAX / 2, SIZE_MAX}; /* refused before a byte is read */
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        entry = good_entry();
        entry.source_len = lengths[i];
        CHECK_STATUS(attestor_store_deny(store, &entry, CLOCK, NULL), ATTESTOR_ARGUMENT_INVALID);
        entry = good_entry();
        entry.value_len = lengths[i];
        CHECK_STATUS(attestor_store_deny(store, &entry, CLOCK, NULL), ATTESTOR_ARGUMENT_INVALID);
    }
    entry = good_entry();
    entry.source = NULL;
    CHECK_STATUS(attestor_store_deny(store, &entry, CLOCK, NULL), ATTESTOR_ARGUMENT_INVALID);
    entry = good_entry();
    entry.value = NULL;
    CHECK_STATUS(attestor_store_deny(store, &entry, CLOCK, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK(attestor_store_denials(store) == 0);
    attestor_store_free(store);
}

/* Denies with an entry that says it is `says` bytes long: what `entry` holds, then `fill`. */
static attestor_status deny_sized(attestor_store *store, attestor_deny_entry entry, uint32_t says, int fill)
{
    enum { ROOM = 4096 };
    uint8_t *bytes = malloc(ROOM);
    test_need(bytes != NULL, "memory");
    memset(bytes, fill, ROOM);
    memcpy(bytes, &entry, sizeof entry);
    memcpy(bytes, &says, sizeof says);
    attestor_status status = attestor_store_deny(store, (const attestor_deny_entry *)bytes, CLOCK, NULL);
    free(bytes);
    return status;
}

static void an_entry_may_be_older_or_newer(void)
{
    attestor_store *store = new_store();
    const attestor_deny_entry entry = good_entry();
    const uint32_t size = sizeof entry;
    CHECK_STATUS(deny_sized(store, entry, size, 1), ATTESTOR_OK);
    CHECK_STATUS(deny_sized(store, entry, size + 8, 0), ATTESTOR_OK);
    CHECK_STATUS(deny_sized(store, entry, 4096, 0), ATTESTOR_OK);
    CHECK_STATUS(deny_sized(store, entry, size + 8, 1), ATTESTOR_OPTION_UNSUPPORTED);
    /* Without its value it denies nothing. */
    CHECK_STATUS(deny_sized(store, entry, offsetof(attestor_deny_entry, value), 0), ATTESTOR_ARGUMENT_INVALID);
    const uint32_t nonsense[] = {0, 3, 4097, UINT32_MAX};
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++)
        CHECK_STATUS(deny_sized(store, entry, nonsense[i], 0), ATTESTOR_ARGUMENT_INVALID);
    for (int bit = 0; bit < 32; bit++) {
        attestor_deny_entry flagged = entry;
        flagged.flags = (uint32_t)1 << bit;
        CHECK_STATUS(attestor_store_deny(store, &flagged, CLOCK, NULL), ATTESTOR_OPTION_UNSUPPORTED);
        CHECK_STATUS(attestor_store_lift(store, &flagged, NULL, NULL), ATTESTOR_OPTION_UNSUPPORTED);
    }
    CHECK(attestor_store_denials(store) == 1);
    attestor_store_free(store);
}

void overlay_tests(void)
{
    RUN(numbers_are_stable);
    RUN(entries_come_and_go);
    RUN(every_kind_and_field_takes_its_values);
    RUN(bad_entries_are_refused_and_not_quoted);
    RUN(an_entry_ends_after_now);
    RUN(overlay_calls_take_no_null);
    RUN(an_entry_may_be_older_or_newer);
}
