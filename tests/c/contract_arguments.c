/* NULL for every pointer in turn, and lengths that no buffer has. */
#include "contract.h"
#include "material.h"

#include <sys/mman.h>
#include <unistd.h>

static const size_t absurd[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2 + 1, SIZE_MAX / 2};

enum { ABSURD = sizeof absurd / sizeof *absurd };

/* The last readable byte of a page: whoever reads further does not return. */
static uint8_t *last_byte(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    test_need(pages != MAP_FAILED, "two pages");
    test_need(mprotect(pages + page, page, PROT_NONE) == 0, "a guard page");
    pages[page - 1] = 'a';
    return pages + page - 1;
}

static void forget(uint8_t *last)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    munmap(last + 1 - page, 2 * page);
}

/* The call is refused as a bad argument, and the error structure says so too. */
#define INVALID(call) \
    do { \
        attestor_error err = ATTESTOR_ERROR_INIT; \
        CHECK_STATUS(call, ATTESTOR_ARGUMENT_INVALID); \
        CHECK_STATUS(err.code, ATTESTOR_ARGUMENT_INVALID); \
        CHECK_TEXT(err.slug, "argument_invalid"); \
        CHECK_TEXT(err.detail, ""); \
    } while (0)

/* One put with everything free to be wrong. */
static attestor_status put(attestor_store *store, const char *name, size_t name_len, const uint8_t *document,
                           size_t len, attestor_error *err)
{
    return attestor_store_put(store, ATTESTOR_SOURCE_TRUST_DOMAIN, name, name_len, ATTESTOR_FORMAT_SPIFFE_BUNDLE,
                              document, len, NULL, CLOCK, err);
}

static void frees_and_refs_take_null(void)
{
    attestor_store_free(NULL);
    attestor_verifier_free(NULL);
    attestor_result_free(NULL);
    attestor_result_clear(NULL);
    CHECK(attestor_store_ref(NULL) == NULL);
    CHECK(attestor_verifier_ref(NULL) == NULL);
}

static void constructors_take_no_null(void)
{
    struct setup s = setup_new();
    attestor_verifier *verifier = s.verifier; /* anything but NULL */
    INVALID(attestor_store_new(NULL, NULL, &err));
    INVALID(attestor_result_new(NULL, &err));
    INVALID(attestor_verifier_new(s.store, POLICY, strlen(POLICY), NULL, NULL, &err));
    INVALID(attestor_verifier_new(NULL, POLICY, strlen(POLICY), NULL, &verifier, &err));
    CHECK(verifier == NULL);
    verifier = s.verifier;
    INVALID(attestor_verifier_new(s.store, NULL, 1, NULL, &verifier, &err));
    CHECK(verifier == NULL);
    verifier = s.verifier;
    CHECK_STATUS(attestor_verifier_new(s.store, NULL, 0, NULL, &verifier, NULL), ATTESTOR_CONFIG_INVALID);
    CHECK(verifier == NULL);
    setup_free(&s);
}

static void store_calls_take_no_null(void)
{
    struct setup s = setup_new();
    attestor_slot_info info = attestor_slot_info_default();
    size_t n = strlen(DOMAIN);
    INVALID(put(NULL, DOMAIN, n, s.bundle.ptr, s.bundle.len, &err));
    INVALID(put(s.store, NULL, n, s.bundle.ptr, s.bundle.len, &err));
    INVALID(put(s.store, DOMAIN, n, NULL, s.bundle.len, &err));
    CHECK_STATUS(put(s.store, NULL, 0, s.bundle.ptr, s.bundle.len, NULL), ATTESTOR_SOURCE_NAME_INVALID);
    CHECK_STATUS(put(s.store, DOMAIN, n, NULL, 0, NULL), ATTESTOR_BUNDLE_MALFORMED);
    INVALID(attestor_store_remove(NULL, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, n, &err));
    INVALID(attestor_store_remove(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, NULL, n, &err));
    CHECK_STATUS(attestor_store_remove(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, NULL, 0, NULL),
                 ATTESTOR_SOURCE_NAME_INVALID);
    INVALID(attestor_store_info(NULL, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, n, ATTESTOR_SLOT_JWT, &info, &err));
    INVALID(attestor_store_info(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, NULL, n, ATTESTOR_SLOT_JWT, &info, &err));
    INVALID(attestor_store_info(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, n, ATTESTOR_SLOT_JWT, NULL, &err));
    /* Also where there is nothing to write. */
    INVALID(attestor_store_info(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, "td", 2, ATTESTOR_SLOT_JWT, NULL, &err));
    setup_free(&s);
}

static void verifier_calls_take_no_null(void)
{
    struct setup s = setup_new();
    attestor_request request = setup_request(&s);
    INVALID(attestor_verifier_set_policy(NULL, POLICY, strlen(POLICY), &err));
    INVALID(attestor_verifier_set_policy(s.verifier, NULL, 1, &err));
    CHECK_STATUS(attestor_verifier_set_policy(s.verifier, NULL, 0, NULL), ATTESTOR_CONFIG_INVALID);
    INVALID(attestor_verify(NULL, &request, s.result, NULL, &err));
    INVALID(attestor_verify(s.verifier, NULL, s.result, NULL, &err));
    INVALID(attestor_verify(s.verifier, &request, NULL, NULL, &err));
    request.credential = NULL;
    INVALID(attestor_verify(s.verifier, &request, s.result, NULL, &err));
    request.credential_len = 0;
    CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, NULL, NULL), ATTESTOR_MALFORMED_TOKEN);
    request = setup_request(&s);
    request.attestor_id_len = 1;
    INVALID(attestor_verify(s.verifier, &request, s.result, NULL, &err));
    request.attestor_id_len = 0;
    CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, NULL, NULL), ATTESTOR_OK);
    request.nonce_len = 1;
    INVALID(attestor_verify(s.verifier, &request, s.result, NULL, &err));
    request.nonce_len = 0;
    request.access_token_len = 1;
    INVALID(attestor_verify(s.verifier, &request, s.result, NULL, &err));
    request.access_token_len = 0;
    CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, NULL, NULL), ATTESTOR_OK);
    setup_free(&s);
}

static void result_calls_take_no_null(void)
{
    struct setup s = setup_new();
    attestor_summary summary = attestor_summary_default();
    size_t len = 0;
    /* Before and after the first verdict. */
    for (int round = 0; round < 2; round++) {
        INVALID(attestor_result_summary(NULL, &summary, &err));
        INVALID(attestor_result_summary(s.result, NULL, &err));
        INVALID(attestor_result_evidence(NULL, NULL, 0, &len, &err));
        INVALID(attestor_result_evidence(s.result, NULL, 0, NULL, &err));
        INVALID(attestor_result_evidence(s.result, NULL, 1, &len, &err));
        INVALID(attestor_result_evidence(s.result, NULL, SIZE_MAX, &len, &err));
        CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    }
    CHECK(len == 0);
    setup_free(&s);
}

static void errors_and_options_may_be_null(void)
{
    attestor_store *store = NULL;
    attestor_verifier *verifier = NULL;
    CHECK_STATUS(attestor_store_new(NULL, &store, NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_verifier_new(store, POLICY, strlen(POLICY), NULL, &verifier, NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_verifier_set_policy(verifier, POLICY, strlen(POLICY), NULL), ATTESTOR_OK);
    CHECK_STATUS(put(store, DOMAIN, strlen(DOMAIN), (const uint8_t *)"{\"keys\":[]}", 11, NULL), ATTESTOR_OK);
    CHECK_STATUS(attestor_store_remove(store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN), NULL),
                 ATTESTOR_OK);
    attestor_verifier_free(verifier);
    attestor_store_free(store);
}

static void absurd_documents_are_not_read(void)
{
    struct setup s = setup_new();
    uint8_t *byte = last_byte();
    attestor_verifier *verifier = s.verifier;
    for (int i = 0; i < ABSURD; i++) {
        const char *text = (const char *)byte;
        int no_length = absurd[i] > SIZE_MAX / 2;
        attestor_status bundle = no_length ? ATTESTOR_ARGUMENT_INVALID : ATTESTOR_BUNDLE_MALFORMED;
        attestor_status config = no_length ? ATTESTOR_ARGUMENT_INVALID : ATTESTOR_CONFIG_INVALID;
        CHECK_STATUS(put(s.store, DOMAIN, strlen(DOMAIN), byte, absurd[i], NULL), bundle);
        CHECK_STATUS(attestor_verifier_set_policy(s.verifier, text, absurd[i], NULL), config);
        CHECK_STATUS(attestor_verifier_new(s.store, text, absurd[i], NULL, &verifier, NULL), config);
        CHECK(verifier == NULL);
        INVALID(put(s.store, DOMAIN, strlen(DOMAIN), NULL, absurd[i], &err));
        INVALID(attestor_verifier_set_policy(s.verifier, NULL, absurd[i], &err));
        INVALID(attestor_verifier_new(s.store, NULL, absurd[i], NULL, &verifier, &err));
    }
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    forget(byte);
    setup_free(&s);
}

static void absurd_names_are_not_read(void)
{
    struct setup s = setup_new();
    uint8_t *byte = last_byte();
    attestor_slot_info info = attestor_slot_info_default();
    const char *names[] = {NULL, (const char *)byte};
    const uint32_t kind = ATTESTOR_SOURCE_TRUST_DOMAIN;
    for (int i = 0; i < ABSURD; i++)
        for (int n = 0; n < 2; n++) {
            attestor_status refusal = n == 0 || absurd[i] > SIZE_MAX / 2 ? ATTESTOR_ARGUMENT_INVALID
                                                                         : ATTESTOR_SOURCE_NAME_INVALID;
            CHECK_STATUS(put(s.store, names[n], absurd[i], s.bundle.ptr, s.bundle.len, NULL), refusal);
            CHECK_STATUS(attestor_store_remove(s.store, kind, names[n], absurd[i], NULL), refusal);
            CHECK_STATUS(attestor_store_info(s.store, kind, names[n], absurd[i], ATTESTOR_SLOT_JWT, &info, NULL),
                         refusal);
        }
    CHECK_STATUS(put(s.store, (const char *)byte, 1, s.bundle.ptr, s.bundle.len, NULL), ATTESTOR_OK);
    forget(byte);
    setup_free(&s);
}

static void absurd_requests_are_not_read(void)
{
    struct setup s = setup_new();
    uint8_t *byte = last_byte();
    for (int i = 0; i < ABSURD; i++) {
        attestor_request request = setup_request(&s);
        request.credential_len = absurd[i];
        request.credential = NULL;
        INVALID(attestor_verify(s.verifier, &request, s.result, NULL, &err));
        request.credential = byte;
        CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, NULL, NULL),
                     absurd[i] > SIZE_MAX / 2 ? ATTESTOR_ARGUMENT_INVALID : ATTESTOR_INPUT_TOO_LARGE);
        request = setup_request(&s);
        request.attestor_id_len = absurd[i];
        INVALID(attestor_verify(s.verifier, &request, s.result, NULL, &err));
        request.attestor_id = (const char *)byte;
        INVALID(attestor_verify(s.verifier, &request, s.result, NULL, &err));
        request = setup_request(&s);
        request.nonce_len = absurd[i];
        INVALID(attestor_verify(s.verifier, &request, s.result, NULL, &err));
        request.nonce = (const char *)byte;
        INVALID(attestor_verify(s.verifier, &request, s.result, NULL, &err));
        request = setup_request(&s);
        request.access_token_len = absurd[i];
        INVALID(attestor_verify(s.verifier, &request, s.result, NULL, &err));
        request.access_token = byte;
        INVALID(attestor_verify(s.verifier, &request, s.result, NULL, &err));
    }
    forget(byte);
    setup_free(&s);
}

static void a_nonce_is_text(void)
{
    struct setup s = setup_oidc();
    attestor_request request = setup_request(&s);
    request.nonce = "\xff";
    request.nonce_len = 1;
    INVALID(attestor_verify(s.verifier, &request, s.result, NULL, &err));
    request.nonce_len = 0; /* not NULL: an empty nonce is asked for */
    CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, NULL, NULL), ATTESTOR_NONCE_MISSING);
    request.nonce = NULL;
    CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, NULL, NULL), ATTESTOR_OK);
    setup_free(&s);
}

static void inputs_are_read_to_their_end_and_no_further(void)
{
    struct setup s = setup_new();
    uint8_t *byte = last_byte();
    attestor_request request = setup_request(&s);
    request.credential = byte + 1 - s.credential.len;
    memcpy(byte + 1 - s.credential.len, s.credential.ptr, s.credential.len);
    CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, NULL, NULL), ATTESTOR_OK);
    *byte = 'n';
    request = setup_request(&s);
    request.nonce = (const char *)byte;
    request.access_token = byte;
    request.nonce_len = request.access_token_len = 1;
    CHECK_STATUS(attestor_verify(s.verifier, &request, s.result, NULL, NULL), ATTESTOR_OK);
    memcpy(byte + 1 - strlen(POLICY), POLICY, strlen(POLICY));
    CHECK_STATUS(attestor_verifier_set_policy(s.verifier, (const char *)byte + 1 - strlen(POLICY), strlen(POLICY),
                                              NULL),
                 ATTESTOR_OK);
    memcpy(byte + 1 - s.bundle.len, s.bundle.ptr, s.bundle.len);
    CHECK_STATUS(put(s.store, DOMAIN, strlen(DOMAIN), byte + 1 - s.bundle.len, s.bundle.len, NULL), ATTESTOR_OK);
    CHECK_STATUS(setup_verify(&s, NULL), ATTESTOR_OK);
    forget(byte);
    setup_free(&s);
}

void argument_tests(void)
{
    RUN(frees_and_refs_take_null);
    RUN(constructors_take_no_null);
    RUN(store_calls_take_no_null);
    RUN(verifier_calls_take_no_null);
    RUN(result_calls_take_no_null);
    RUN(errors_and_options_may_be_null);
    RUN(absurd_documents_are_not_read);
    RUN(absurd_names_are_not_read);
    RUN(absurd_requests_are_not_read);
    RUN(a_nonce_is_text);
    RUN(inputs_are_read_to_their_end_and_no_further);
}
