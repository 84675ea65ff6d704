/* Snapshots: sealed, restored into what is empty, refused when touched. Publishing: what is listed, and nothing else. */
#include "contract.h"
#include "material.h"

#define SECRET "secret-pod"

static const uint8_t key[] = "a key of the host, of 32 bytes or more", other_key[] = "another key of the host, as long as that";

enum { KEY = sizeof key - 1, OTHER_KEY = sizeof other_key - 1, SHORTEST_KEY = 32 };

static struct bytes snapshot_of(const attestor_store *store, const uint8_t *with, size_t with_len)
{
    static uint8_t buf[1 << 16];
    size_t len = 0;
    CHECK_STATUS(attestor_store_snapshot(store, with, with_len, CLOCK, buf, sizeof buf, &len, NULL), ATTESTOR_OK);
    return bytes_copy(buf, len);
}

/* Gives the setup a store that holds nothing. */
static void start_anew(struct setup *s)
{
    attestor_store_free(s->store);
    attestor_verifier_free(s->verifier);
    test_need(attestor_store_new(NULL, &s->store, NULL) == ATTESTOR_OK, "a store");
    test_need(new_verifier(s->store, POLICY, &s->verifier, NULL) == ATTESTOR_OK, "a verifier");
}

static attestor_status restore(const struct setup *s, struct bytes snapshot, int64_t now, attestor_restore_report *out)
{
    return attestor_store_restore(s->store, key, KEY, snapshot.ptr, snapshot.len, now, out, NULL);
}

static attestor_status verify_at(const struct setup *s, int64_t now)
{
    attestor_request request = setup_request(s);
    request.now = now;
    return attestor_verify(s->verifier, &request, s->result, NULL, NULL);
}

static attestor_status deny_pod(const struct setup *s)
{
    attestor_deny_entry entry = attestor_deny_entry_default();
    entry.kind = ATTESTOR_DENY_KIND_ISSUER;
    entry.field = ATTESTOR_DENY_FIELD_POD_UID;
    entry.source = "*";
    entry.source_len = 1;
    entry.value = SECRET;
    entry.value_len = strlen(SECRET);
    return attestor_store_deny(s->store, &entry, CLOCK, NULL);
}

static void a_snapshot_gives_a_new_store_what_the_old_one_held(void)
{
    struct setup s = setup_new();
    attestor_slot_info before = attestor_slot_info_default(), after = before;
    attestor_restore_report report = ATTESTOR_RESTORE_REPORT_INIT;
    CHECK_STATUS(deny_pod(&s), ATTESTOR_OK);
    CHECK_STATUS(jwt_slot(s.store, &before), ATTESTOR_OK);
    struct bytes snapshot = snapshot_of(s.store, key, KEY);
    start_anew(&s);
    CHECK_STATUS(restore(&s, snapshot, CLOCK + 300, &report), ATTESTOR_OK);
    CHECK(report.slots == 2 && report.skipped == 0 && report.denials == 1 && report.flags == 0);
    CHECK(attestor_store_denials(s.store) == 1);
    CHECK_STATUS(jwt_slot(s.store, &after), ATTESTOR_OK);
    CHECK(after.flags == (before.flags | ATTESTOR_SLOT_RESTORED) && after.feed == FEED);
    CHECK(after.confirmed_at == CLOCK && after.sequence == before.sequence && after.entries == 1);
    CHECK(memcmp(after.digest, before.digest, sizeof after.digest) == 0);
    /* It goes on ageing. */
    CHECK_STATUS(verify_at(&s, CLOCK + 599), ATTESTOR_OK);
    CHECK_STATUS(verify_at(&s, CLOCK + 600), ATTESTOR_BUNDLE_STALE);
    /* Until its feed speaks. */
    CHECK_STATUS(attestor_store_touch(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN), FEED, CLOCK + 600,
                                      NULL),
                 ATTESTOR_OK);
    CHECK_STATUS(jwt_slot(s.store, &after), ATTESTOR_OK);
    CHECK(after.flags == before.flags);
    CHECK_STATUS(verify_at(&s, CLOCK + 600), ATTESTOR_OK);
    /* What is there stays. */
    CHECK_STATUS(restore(&s, snapshot, CLOCK + 600, &report), ATTESTOR_OK);
    CHECK(report.slots == 0 && report.skipped == 2 && report.denials == 0);
    CHECK_STATUS(verify_at(&s, CLOCK + 600), ATTESTOR_OK);
    bytes_free(&snapshot);
    setup_free(&s);
}

static void a_time_in_the_future_is_stale_at_once(void)
{
    struct setup s = setup_new();
    struct bytes snapshot = snapshot_of(s.store, key, KEY);
    start_anew(&s);
    CHECK_STATUS(restore(&s, snapshot, CLOCK - 1, NULL), ATTESTOR_OK);
    CHECK_STATUS(verify_at(&s, CLOCK - 1), ATTESTOR_BUNDLE_STALE);
    bytes_free(&snapshot);
    setup_free(&s);
}

static void a_snapshot_that_was_touched_is_refused_whole(void)
{
    struct setup s = setup_new();
    attestor_error err = ATTESTOR_ERROR_INIT;
    CHECK_STATUS(deny_pod(&s), ATTESTOR_OK);
    struct bytes snapshot = snapshot_of(s.store, key, KEY);
    start_anew(&s);
    for (size_t at = 0; at < snapshot.len; at++) {
        snapshot.ptr[at] ^= 1;
        CHECK_STATUS(restore(&s, snapshot, CLOCK, NULL), ATTESTOR_SNAPSHOT_INVALID);
        snapshot.ptr[at] ^= 1;
    }
    for (size_t len = 0; len < snapshot.len; len += 7) {
        struct bytes cut = {snapshot.ptr, len};
        CHECK_STATUS(restore(&s, cut, CLOCK, NULL), ATTESTOR_SNAPSHOT_INVALID);
    }
    CHECK_STATUS(attestor_store_restore(s.store, other_key, OTHER_KEY, snapshot.ptr, snapshot.len, CLOCK, NULL, &err),
                 ATTESTOR_SNAPSHOT_INVALID);
    CHECK(strstr(err.detail, "secret") == NULL);
    CHECK_STATUS(attestor_store_restore(s.store, NULL, 0, snapshot.ptr, snapshot.len, CLOCK, NULL, NULL),
                 ATTESTOR_SNAPSHOT_INVALID);
    CHECK_STATUS(attestor_store_restore(s.store, key, KEY, NULL, 0, CLOCK, NULL, NULL), ATTESTOR_SNAPSHOT_INVALID);
    CHECK(attestor_store_denials(s.store) == 0);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_BUNDLE_UNAVAILABLE);
    CHECK_STATUS(restore(&s, snapshot, CLOCK, NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    bytes_free(&snapshot);
    setup_free(&s);
}

static void without_a_key_the_host_protects_the_file(void)
{
    struct setup s = setup_new();
    struct bytes snapshot = snapshot_of(s.store, NULL, 0);
    start_anew(&s);
    CHECK_STATUS(restore(&s, snapshot, CLOCK, NULL), ATTESTOR_SNAPSHOT_INVALID); /* a host that has a key takes no other */
    snapshot.ptr[snapshot.len / 2] ^= 1;
    CHECK_STATUS(attestor_store_restore(s.store, NULL, 0, snapshot.ptr, snapshot.len, CLOCK, NULL, NULL),
                 ATTESTOR_SNAPSHOT_INVALID);
    snapshot.ptr[snapshot.len / 2] ^= 1;
    CHECK_STATUS(attestor_store_restore(s.store, NULL, 0, snapshot.ptr, snapshot.len, CLOCK, NULL, NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    bytes_free(&snapshot);
    setup_free(&s);
}

/* What a snapshot and a restore with this key come to; both agree. */
static attestor_status with_key(const struct setup *s, const uint8_t *with, size_t len)
{
    size_t needed = 0;
    attestor_status status = attestor_store_snapshot(s->store, with, len, CLOCK, NULL, 0, &needed, NULL);
    attestor_status restored = attestor_store_restore(s->store, with, len, key, KEY, CLOCK, NULL, NULL);
    CHECK((status == ATTESTOR_BUFFER_TOO_SMALL) == (restored == ATTESTOR_SNAPSHOT_INVALID));
    CHECK(status == ATTESTOR_BUFFER_TOO_SMALL || restored == status);
    return status;
}

static void a_key_has_32_bytes_or_more(void)
{
    struct setup s = setup_new();
    static uint8_t longest[4097];
    CHECK_STATUS(with_key(&s, key, 0), ATTESTOR_ARGUMENT_INVALID); /* not NULL: meant to be one */
    CHECK_STATUS(with_key(&s, key, 1), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(with_key(&s, key, SHORTEST_KEY - 1), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(with_key(&s, key, SHORTEST_KEY), ATTESTOR_BUFFER_TOO_SMALL);
    CHECK_STATUS(with_key(&s, longest, 4096), ATTESTOR_BUFFER_TOO_SMALL);
    CHECK_STATUS(with_key(&s, longest, 4097), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(with_key(&s, longest, SIZE_MAX), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(with_key(&s, NULL, SHORTEST_KEY), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(with_key(&s, NULL, 0), ATTESTOR_BUFFER_TOO_SMALL);
    setup_free(&s);
}

/* A call that writes bytes: the buffer of their size takes them, a smaller one is left alone. */
typedef attestor_status writes_bytes(const attestor_store *store, int64_t now, uint8_t *buf, size_t cap, size_t *len);

static attestor_status write_snapshot(const attestor_store *store, int64_t now, uint8_t *buf, size_t cap, size_t *len)
{
    return attestor_store_snapshot(store, key, KEY, now, buf, cap, len, NULL);
}

static attestor_status write_jwks(const attestor_store *store, int64_t now, uint8_t *buf, size_t cap, size_t *len)
{
    return attestor_store_publish(store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN), ATTESTOR_FORMAT_JWKS, now,
                                  buf, cap, len, NULL);
}

static attestor_status allow(const struct setup *s, const char *name, uint32_t allowed)
{
    return attestor_store_allow_publishing(s->store, ATTESTOR_SOURCE_TRUST_DOMAIN, name, strlen(name), allowed, NULL);
}

static void what_is_written_fits_or_is_not_written(void)
{
    writes_bytes *const all[] = {write_snapshot, write_jwks};
    struct setup s = setup_new();
    CHECK_STATUS(allow(&s, DOMAIN, 1), ATTESTOR_OK);
    for (int i = 0; i < 2; i++) {
        size_t len = 0, again = 0;
        CHECK_STATUS(all[i](s.store, CLOCK, NULL, 0, &len), ATTESTOR_BUFFER_TOO_SMALL);
        struct bytes buf = {malloc(len), len};
        test_need(buf.ptr != NULL && len > 0, "memory");
        memset(buf.ptr, 0xA5, len);
        CHECK_STATUS(all[i](s.store, CLOCK, buf.ptr, len - 1, &again), ATTESTOR_BUFFER_TOO_SMALL);
        CHECK(again == len && buf.ptr[0] == 0xA5 && buf.ptr[len - 1] == 0xA5);
        CHECK_STATUS(all[i](s.store, CLOCK, buf.ptr, len, &again), ATTESTOR_OK);
        CHECK(again == len && buf.ptr[0] != 0xA5);
        CHECK_STATUS(all[i](s.store, CLOCK, NULL, 1, &again), ATTESTOR_ARGUMENT_INVALID);
        CHECK_STATUS(all[i](s.store, CLOCK, buf.ptr, len, NULL), ATTESTOR_ARGUMENT_INVALID);
        CHECK_STATUS(all[i](NULL, CLOCK, buf.ptr, len, &again), ATTESTOR_ARGUMENT_INVALID);
        CHECK_STATUS(all[i](s.store, 0, buf.ptr, len, &again), ATTESTOR_CLOCK_INVALID);
        bytes_free(&buf);
    }
    setup_free(&s);
}

static void a_restore_checks_its_arguments(void)
{
    struct setup s = setup_new();
    attestor_restore_report report = ATTESTOR_RESTORE_REPORT_INIT;
    struct bytes snapshot = snapshot_of(s.store, key, KEY);
    start_anew(&s);
    const struct bytes none = {NULL, 1}, absurd = {snapshot.ptr, SIZE_MAX}, huge = {snapshot.ptr, SIZE_MAX / 2};
    CHECK_STATUS(attestor_store_restore(NULL, key, KEY, snapshot.ptr, snapshot.len, CLOCK, NULL, NULL),
                 ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(restore(&s, none, CLOCK, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(restore(&s, absurd, CLOCK, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(restore(&s, huge, CLOCK, NULL), ATTESTOR_SNAPSHOT_INVALID); /* by its length alone */
    CHECK_STATUS(restore(&s, snapshot, 0, NULL), ATTESTOR_CLOCK_INVALID);
    report.struct_size = 0;
    CHECK_STATUS(restore(&s, snapshot, CLOCK, &report), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_BUNDLE_UNAVAILABLE); /* nothing was done */
    report.struct_size = offsetof(attestor_restore_report, skipped);
    report.skipped = 77;
    CHECK_STATUS(restore(&s, snapshot, CLOCK, &report), ATTESTOR_OK);
    CHECK(report.slots == 2 && report.skipped == 77);
    bytes_free(&snapshot);
    setup_free(&s);
}

static attestor_status publish(const struct setup *s, const char *name, uint32_t format, int64_t now)
{
    static uint8_t buf[1 << 16];
    size_t len = 0;
    return attestor_store_publish(s->store, ATTESTOR_SOURCE_TRUST_DOMAIN, name, strlen(name), format, now, buf,
                                  sizeof buf, &len, NULL);
}

static void only_what_is_listed_is_published(void)
{
    struct setup s = setup_new();
    const uint32_t jwks = ATTESTOR_FORMAT_JWKS;
    CHECK_STATUS(publish(&s, DOMAIN, jwks, CLOCK), ATTESTOR_SOURCE_NOT_PUBLISHED);
    CHECK_STATUS(publish(&s, "unknown.example", jwks, CLOCK), ATTESTOR_SOURCE_NOT_PUBLISHED);
    CHECK_STATUS(allow(&s, "spiffe://" DOMAIN, 1), ATTESTOR_OK);
    CHECK_STATUS(publish(&s, DOMAIN, jwks, CLOCK), ATTESTOR_OK);
    CHECK_STATUS(publish(&s, "unknown.example", jwks, CLOCK), ATTESTOR_SOURCE_NOT_PUBLISHED);
    CHECK_STATUS(allow(&s, DOMAIN, 2), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(publish(&s, DOMAIN, jwks, CLOCK), ATTESTOR_OK);
    CHECK_STATUS(allow(&s, DOMAIN, 0), ATTESTOR_OK);
    CHECK_STATUS(publish(&s, DOMAIN, jwks, CLOCK), ATTESTOR_SOURCE_NOT_PUBLISHED);
    CHECK_STATUS(allow(&s, "Example.org", 1), ATTESTOR_SOURCE_NAME_INVALID);
    CHECK_STATUS(attestor_store_allow_publishing(s.store, 3, DOMAIN, strlen(DOMAIN), 1, NULL),
                 ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_store_allow_publishing(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, NULL, 1, 1, NULL),
                 ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_store_allow_publishing(NULL, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN), 1, NULL),
                 ATTESTOR_ARGUMENT_INVALID);
    setup_free(&s);
}

static void a_format_speaks_for_filled_and_fresh_slots(void)
{
    struct setup s = setup_new();
    static const struct {
        uint32_t format;
        attestor_status status;
    } formats[] = {
        {ATTESTOR_FORMAT_SPIFFE_BUNDLE, ATTESTOR_OK},
        {ATTESTOR_FORMAT_WORKLOAD_API_JWKS, ATTESTOR_OK},
        {ATTESTOR_FORMAT_JWKS, ATTESTOR_OK},
        {ATTESTOR_FORMAT_PUBLIC_KEY_PEM, ATTESTOR_OK},
        {ATTESTOR_FORMAT_X509_PEM, ATTESTOR_OK},
        {ATTESTOR_FORMAT_X509_DER, ATTESTOR_OK},
        {ATTESTOR_FORMAT_BUNDLE_MAP, ATTESTOR_FORMAT_UNSUPPORTED},
        {ATTESTOR_FORMAT_X509_CRL, ATTESTOR_FORMAT_UNSUPPORTED},
        {0, ATTESTOR_FORMAT_UNSUPPORTED},
        {9, ATTESTOR_FORMAT_UNSUPPORTED},
    };
    CHECK_STATUS(allow(&s, DOMAIN, 1), ATTESTOR_OK);
    CHECK_STATUS(allow(&s, "partner.example", 1), ATTESTOR_OK);
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        const attestor_status status = formats[i].status;
        CHECK_STATUS(publish(&s, DOMAIN, formats[i].format, CLOCK + 599), status);
        CHECK_STATUS(publish(&s, DOMAIN, formats[i].format, CLOCK + 600),
                     status == ATTESTOR_OK ? ATTESTOR_BUNDLE_STALE : status);
        CHECK_STATUS(publish(&s, "partner.example", formats[i].format, CLOCK),
                     status == ATTESTOR_OK ? ATTESTOR_BUNDLE_UNAVAILABLE : status);
    }
    CHECK_STATUS(put_text(s.store, "{\"keys\":[]}", NULL), ATTESTOR_OK);
    CHECK_STATUS(publish(&s, DOMAIN, ATTESTOR_FORMAT_JWKS, CLOCK), ATTESTOR_NO_USABLE_KEYS);
    CHECK_STATUS(publish(&s, DOMAIN, ATTESTOR_FORMAT_SPIFFE_BUNDLE, CLOCK), ATTESTOR_OK);
    setup_free(&s);
}

static void what_is_published_can_be_put(void)
{
    struct setup s = setup_new();
    uint8_t buf[1 << 12];
    size_t len = 0;
    CHECK_STATUS(allow(&s, DOMAIN, 1), ATTESTOR_OK);
    CHECK_STATUS(attestor_store_publish(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN),
                                        ATTESTOR_FORMAT_SPIFFE_BUNDLE, CLOCK, buf, sizeof buf, &len, NULL),
                 ATTESTOR_OK);
    struct bytes document = bytes_copy(buf, len);
    start_anew(&s);
    CHECK_STATUS(put_bytes(s.store, document, NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    bytes_free(&document);
    setup_free(&s);
}

void snapshot_tests(void)
{
    RUN(a_snapshot_gives_a_new_store_what_the_old_one_held);
    RUN(a_time_in_the_future_is_stale_at_once);
    RUN(a_snapshot_that_was_touched_is_refused_whole);
    RUN(without_a_key_the_host_protects_the_file);
    RUN(a_key_has_32_bytes_or_more);
    RUN(what_is_written_fits_or_is_not_written);
    RUN(a_restore_checks_its_arguments);
    RUN(only_what_is_listed_is_published);
    RUN(a_format_speaks_for_filled_and_fresh_slots);
    RUN(what_is_published_can_be_put);
}
