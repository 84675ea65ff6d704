/* Structures that start with their size: older and newer callers, and callers that forgot. */
#include "contract.h"
#include "material.h"

enum { NEWER = 16, LARGEST = 4096 };

static const uint32_t nonsense[] = {0, 1, 2, 3, LARGEST + 1, INT32_MAX, UINT32_MAX};

enum { NONSENSE = sizeof nonsense / sizeof *nonsense };

/* A structure that says it is `says` bytes long, in an allocation of `room`: the first `known` bytes of `from`,
 * then `fill`. */
static void *structure(const void *from, size_t known, uint32_t says, size_t room, int fill)
{
    uint8_t *bytes = malloc(room);
    test_need(bytes != NULL && room >= sizeof says, "memory");
    memset(bytes, fill, room);
    memcpy(bytes, from, known < room ? known : room);
    memcpy(bytes, &says, sizeof says);
    return bytes;
}

/* One call of each kind that reads a structure; `options` starts with its size and may be anything else. */
typedef attestor_status reads(struct setup *s, const void *options);

static attestor_status store_new(struct setup *s, const void *options)
{
    attestor_store *store = s->store;
    attestor_status status = attestor_store_new(options, &store, NULL);
    CHECK((store == NULL) == (status != ATTESTOR_OK));
    attestor_store_free(store);
    return status;
}

static attestor_status verifier_new(struct setup *s, const void *options)
{
    attestor_verifier *verifier = s->verifier;
    attestor_status status = attestor_verifier_new(s->store, POLICY, strlen(POLICY), options, &verifier, NULL);
    CHECK((verifier == NULL) == (status != ATTESTOR_OK));
    attestor_verifier_free(verifier);
    return status;
}

static attestor_status store_put(struct setup *s, const void *options)
{
    return attestor_store_put(s->store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN),
                              ATTESTOR_FORMAT_SPIFFE_BUNDLE, s->bundle.ptr, s->bundle.len, options, CLOCK, NULL);
}

static int32_t confirm_it(void *options, uint32_t kind, const char *name, size_t name_len, attestor_sink *sink)
{
    (void)kind, (void)name, (void)name_len;
    return attestor_sink_confirm(sink, options, NULL);
}

static attestor_status set_source(struct setup *s, const void *source)
{
    return attestor_store_set_source(s->store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN), source, NULL);
}

static attestor_status refresh_source(struct setup *s, attestor_error *err)
{
    return attestor_store_refresh_source(s->store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN), CLOCK, err);
}

/* What the sink said of the options, which the callback gave back. */
static attestor_status sink_confirm(struct setup *s, const void *options)
{
    attestor_source source = ATTESTOR_SOURCE_INIT;
    attestor_error err = ATTESTOR_ERROR_INIT;
    uint32_t says;
    memcpy(&says, options, sizeof says);
    source.fetch = confirm_it;
    source.feed = FEED;
    source.userdata = malloc(says < sizeof says || says > LARGEST ? sizeof says : says);
    test_need(source.userdata != NULL, "memory");
    memcpy(source.userdata, options, says < sizeof says || says > LARGEST ? sizeof says : says);
    CHECK_STATUS(set_source(s, &source), ATTESTOR_OK);
    attestor_status status = refresh_source(s, &err);
    CHECK_STATUS(status, err.host_code == ATTESTOR_OK ? ATTESTOR_OK : ATTESTOR_CALLBACK_FAILED);
    CHECK_STATUS(set_source(s, NULL), ATTESTOR_OK);
    free(source.userdata);
    return err.host_code;
}

static attestor_status verify(struct setup *s, const void *request)
{
    return attestor_verify(s->verifier, request, s->result, NULL, NULL);
}

/* Calls with a structure of exactly `says` bytes. */
static attestor_status call(reads *it, struct setup *s, const void *from, size_t known, uint32_t says, int fill)
{
    void *options = structure(from, known, says, says, fill);
    attestor_status status = it(s, options);
    free(options);
    return status;
}

static void check_sizes(reads *it, struct setup *s, const void *known, uint32_t size)
{
    CHECK_STATUS(call(it, s, known, size, size, 0), ATTESTOR_OK);
    CHECK_STATUS(call(it, s, known, size, size + NEWER, 0), ATTESTOR_OK);
    CHECK_STATUS(call(it, s, known, size, LARGEST, 0), ATTESTOR_OK);
    CHECK_STATUS(call(it, s, known, size, size + 1, 1), ATTESTOR_OPTION_UNSUPPORTED);
    CHECK_STATUS(call(it, s, known, size, size + NEWER, 1), ATTESTOR_OPTION_UNSUPPORTED);
    uint8_t *last = structure(known, size, LARGEST, LARGEST, 0);
    last[LARGEST - 1] = 1;
    CHECK_STATUS(it(s, last), ATTESTOR_OPTION_UNSUPPORTED);
    free(last);
    for (int i = 0; i < NONSENSE; i++) {
        /* No more than the size itself may be read. */
        void *options = structure(known, 0, nonsense[i], sizeof(uint32_t), 0);
        CHECK_STATUS(it(s, options), ATTESTOR_ARGUMENT_INVALID);
        free(options);
    }
}

static void options_of_any_size_are_understood_or_refused(void)
{
    struct setup s = setup_new();
    attestor_store_options store = ATTESTOR_STORE_OPTIONS_INIT;
    attestor_verifier_options verifier = ATTESTOR_VERIFIER_OPTIONS_INIT;
    attestor_put_options put = ATTESTOR_PUT_OPTIONS_INIT;
    attestor_request request = setup_request(&s);
    attestor_source source = ATTESTOR_SOURCE_INIT;
    attestor_sink_options sink = ATTESTOR_SINK_OPTIONS_INIT;
    source.fetch = confirm_it;
    check_sizes(set_source, &s, &source, sizeof source);
    check_sizes(sink_confirm, &s, &sink, sizeof sink);
    check_sizes(store_new, &s, &store, sizeof store);
    check_sizes(verifier_new, &s, &verifier, sizeof verifier);
    check_sizes(store_put, &s, &put, sizeof put);
    check_sizes(verify, &s, &request, sizeof request);
    setup_free(&s);
}

static void shorter_options_are_extended_by_zeros(void)
{
    struct setup s = setup_new();
    attestor_slot_info info = attestor_slot_info_default();
    const uint32_t none = sizeof(uint32_t);
    CHECK_STATUS(call(store_new, &s, &none, sizeof none, none, 0), ATTESTOR_OK);
    CHECK_STATUS(call(verifier_new, &s, &none, sizeof none, none, 0), ATTESTOR_OK);
    CHECK_STATUS(call(store_put, &s, &none, sizeof none, none, 0), ATTESTOR_OK);
    CHECK_STATUS(jwt_slot(s.store, &info), ATTESTOR_OK);
    CHECK(info.feed == 0);
    /* Nobody to call, so the shortest source is refused. */
    CHECK_STATUS(call(set_source, &s, &none, sizeof none, none, 0), ATTESTOR_ARGUMENT_INVALID);
    attestor_source source = ATTESTOR_SOURCE_INIT;
    source.fetch = confirm_it;
    CHECK_STATUS(call(set_source, &s, &source, sizeof source, offsetof(attestor_source, drop), 0), ATTESTOR_OK);
    CHECK_STATUS(set_source(&s, NULL), ATTESTOR_OK);
    CHECK_STATUS(put_bytes(s.store, s.bundle, NULL), ATTESTOR_OK); /* FEED has the source */
    CHECK_STATUS(call(sink_confirm, &s, &none, sizeof none, none, 0), ATTESTOR_OK);
    /* Zero is no time, so the shortest request is refused. */
    CHECK_STATUS(call(verify, &s, &none, sizeof none, none, 0), ATTESTOR_CLOCK_INVALID);
    attestor_request request = setup_request(&s);
    CHECK_STATUS(call(verify, &s, &request, sizeof request, offsetof(attestor_request, credential), 0),
                 ATTESTOR_MALFORMED_TOKEN);
    CHECK_STATUS(call(verify, &s, &request, sizeof request, offsetof(attestor_request, attestor_id), 0), ATTESTOR_OK);
    setup_free(&s);
}

static void a_request_without_its_later_members_asks_for_nothing_more(void)
{
    struct setup s = setup_oidc();
    attestor_request request = setup_request(&s);
    request.nonce = "n";
    request.nonce_len = 1;
    request.access_token = (const uint8_t *)"t";
    request.access_token_len = 1;
    request.max_age_secs = 300;
    const struct {
        size_t end; /* of the structure the caller knows */
        attestor_status status;
    } callers[] = {
        {offsetof(attestor_request, nonce), ATTESTOR_OK},
        /* Half of a pair is a length without bytes, or the reverse. */
        {offsetof(attestor_request, nonce_len), ATTESTOR_NONCE_MISSING},
        {sizeof request, ATTESTOR_NONCE_MISSING},
    };
    for (size_t i = 0; i < sizeof callers / sizeof *callers; i++)
        CHECK_STATUS(call(verify, &s, &request, sizeof request, (uint32_t)callers[i].end, 0), callers[i].status);
    request.nonce = NULL;
    request.nonce_len = 0;
    CHECK_STATUS(call(verify, &s, &request, sizeof request, offsetof(attestor_request, max_age_secs), 0), ATTESTOR_OK);
    CHECK_STATUS(call(verify, &s, &request, sizeof request, sizeof request, 0), ATTESTOR_AUTH_TIME_MISSING);
    setup_free(&s);
}

static void an_older_summary_gets_no_issuer(void)
{
    struct setup s = setup_oidc();
    attestor_summary summary = attestor_summary_default();
    summary.struct_size = offsetof(attestor_summary, issuer);
    CHECK_STATUS(setup_verify(&s, &summary), ATTESTOR_OK);
    CHECK_VIEW(summary.identity, OIDC_IDENTITY);
    CHECK_VIEW(summary.issuer, NULL);
    setup_free(&s);
}

static void unknown_flags_are_refused(void)
{
    struct setup s = setup_new();
    attestor_store_options store = ATTESTOR_STORE_OPTIONS_INIT;
    attestor_verifier_options verifier = ATTESTOR_VERIFIER_OPTIONS_INIT;
    attestor_put_options put = ATTESTOR_PUT_OPTIONS_INIT;
    attestor_request request = setup_request(&s);
    attestor_source source = ATTESTOR_SOURCE_INIT;
    attestor_sink_options sink = ATTESTOR_SINK_OPTIONS_INIT;
    source.fetch = confirm_it;
    for (int bit = 0; bit < 32; bit++) {
        const uint32_t flag = (uint32_t)1 << bit;
        const attestor_status unless[] = {ATTESTOR_OPTION_UNSUPPORTED, ATTESTOR_OK};
        store.flags = verifier.flags = put.flags = request.flags = source.flags = sink.flags = flag;
        CHECK_STATUS(store_new(&s, &store), unless[flag == ATTESTOR_STORE_NO_IFMA]);
        CHECK_STATUS(verifier_new(&s, &verifier),
                     unless[flag == ATTESTOR_VERIFIER_NO_CACHE || flag == ATTESTOR_VERIFIER_DOUBLE_CHECK]);
        CHECK_STATUS(verify(&s, &request), ATTESTOR_OPTION_UNSUPPORTED);
        CHECK_STATUS(set_source(&s, &source), ATTESTOR_OPTION_UNSUPPORTED);
        CHECK_STATUS(sink_confirm(&s, &sink), unless[flag == ATTESTOR_PUT_FORCE]);
        CHECK_STATUS(put_bytes(s.store, s.bundle, NULL), ATTESTOR_OK); /* FEED has the source */
        CHECK_STATUS(store_put(&s, &put), unless[flag == ATTESTOR_PUT_FORCE || flag == ATTESTOR_PUT_PERMANENT]);
        CHECK_STATUS(put_bytes(s.store, s.bundle, NULL), ATTESTOR_OK);
    }
    setup_free(&s);
}

/* One call of each kind that writes a structure. */
typedef attestor_status writes(struct setup *s, void *out);

static attestor_status write_error(struct setup *s, void *err)
{
    attestor_verifier *none = NULL;
    attestor_status status = new_verifier(s->store, "{}", &none, err);
    return status == ATTESTOR_CONFIG_INVALID ? ATTESTOR_OK : ATTESTOR_INTERNAL_ERROR;
}

static attestor_status write_info(struct setup *s, void *info)
{
    return jwt_slot(s->store, info);
}

static attestor_status write_health(struct setup *s, void *health)
{
    return attestor_store_health(s->store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN), CLOCK, health, NULL);
}

static attestor_status write_refresh(struct setup *s, void *report)
{
    return attestor_store_refresh(s->store, CLOCK, report, NULL);
}

static attestor_status write_readiness(struct setup *s, void *readiness)
{
    return attestor_verifier_readiness(s->verifier, CLOCK, readiness, NULL);
}

static attestor_status write_metrics(struct setup *s, void *metrics)
{
    return attestor_verifier_metrics(s->verifier, metrics, NULL);
}

static attestor_status write_source_metrics(struct setup *s, void *metrics)
{
    char name[64];
    size_t len = 0;
    return attestor_verifier_source_metrics(s->verifier, 0, CLOCK, metrics, name, sizeof name, &len, NULL);
}

static attestor_status write_summary(struct setup *s, void *summary)
{
    return attestor_result_summary(s->result, summary, NULL);
}

static attestor_status write_verdict(struct setup *s, void *summary)
{
    return setup_verify(s, summary);
}

/* Whether the size member and everything from `end` on is as it was. */
static int is_untouched(const uint8_t *out, uint32_t says, size_t end, size_t room)
{
    for (size_t at = end; at < room; at++)
        if (out[at] != 0xA5) return 0;
    return memcmp(out, &says, sizeof says) == 0;
}

static void check_room(writes *it, struct setup *s, uint32_t says, size_t size)
{
    enum { MARGIN = 64 };
    size_t end = says < size ? says : size;
    uint8_t *out = structure(&says, sizeof says, says, says + MARGIN, 0xA5);
    CHECK_STATUS(it(s, out), ATTESTOR_OK);
    CHECK(is_untouched(out, says, end, says + MARGIN));
    if (end >= 8) CHECK(!is_untouched(out, says, sizeof says, end));
    free(out);
}

static void check_rooms(writes *it, struct setup *s, size_t size)
{
    for (uint32_t says = sizeof(uint32_t); says <= size; says++) check_room(it, s, says, size);
    check_room(it, s, (uint32_t)size + NEWER, size);
    check_room(it, s, LARGEST, size);
}

static void outputs_are_written_as_far_as_there_is_room(void)
{
    struct setup s = setup_new();
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    check_rooms(write_error, &s, sizeof(attestor_error));
    check_rooms(write_info, &s, sizeof(attestor_slot_info));
    check_rooms(write_health, &s, sizeof(attestor_source_health));
    check_rooms(write_refresh, &s, sizeof(attestor_refresh_report));
    check_rooms(write_readiness, &s, sizeof(attestor_readiness));
    check_rooms(write_metrics, &s, sizeof(attestor_metrics));
    check_rooms(write_source_metrics, &s, sizeof(attestor_source_metrics));
    check_rooms(write_summary, &s, sizeof(attestor_summary));
    check_rooms(write_verdict, &s, sizeof(attestor_summary));
    setup_free(&s);
}

static void outputs_of_no_sensible_size_are_left_alone(void)
{
    struct setup s = setup_new();
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    writes *const refuse[] = {write_info,      write_summary, write_verdict, write_health, write_refresh,
                              write_readiness, write_metrics, write_source_metrics};
    for (int i = 0; i < NONSENSE; i++) {
        const uint32_t says = nonsense[i];
        uint8_t *out = structure(&says, sizeof says, says, sizeof(attestor_slot_info), 0xA5);
        for (size_t n = 0; n < sizeof refuse / sizeof *refuse; n++)
            CHECK_STATUS(refuse[n](&s, out), ATTESTOR_ARGUMENT_INVALID);
        /* An error that cannot be written does not change what the call returns. */
        CHECK_STATUS(write_error(&s, out), ATTESTOR_OK);
        CHECK(is_untouched(out, says, sizeof says, sizeof(attestor_slot_info)));
        free(out);
    }
    setup_free(&s);
}

void structure_tests(void)
{
    RUN(options_of_any_size_are_understood_or_refused);
    RUN(shorter_options_are_extended_by_zeros);
    RUN(a_request_without_its_later_members_asks_for_nothing_more);
    RUN(an_older_summary_gets_no_issuer);
    RUN(unknown_flags_are_refused);
    RUN(outputs_are_written_as_far_as_there_is_room);
    RUN(outputs_of_no_sensible_size_are_left_alone);
}
