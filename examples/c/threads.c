/* threads BUNDLE CREDENTIAL: four threads share a verifier, each with its own result, while a fifth keeps
 * putting bundles. Nobody waits for anybody. */
#include <attestor.h>
#include <pthread.h>
#include <stdio.h>

enum { VERIFIERS = 4, VERIFICATIONS = 500, PUTS = 500 };

static const char policy[] =
    "{\"version\": 1, \"attestors\": [{\"id\": \"spiffe\", \"kind\": \"spiffe\","
    " \"audiences\": [\"spiffe://example.org/verifier\"], \"trust_domains\": [\"example.org\"]}]}";

static uint8_t bundle[65536], credential[16384];
static size_t bundle_len, credential_len;

static size_t read_file(const char *path, uint8_t *buf, size_t cap)
{
    FILE *file = path == NULL ? NULL : fopen(path, "rb");
    size_t len = file == NULL ? 0 : fread(buf, 1, cap, file);
    if (file != NULL) fclose(file);
    return len;
}

static attestor_status put_bundle(attestor_store *store)
{
    return attestor_store_put(store, ATTESTOR_SOURCE_TRUST_DOMAIN, "example.org", strlen("example.org"),
                              ATTESTOR_FORMAT_SPIFFE_BUNDLE, bundle, bundle_len, NULL, ATTESTOR_NOW, NULL);
}

static void *keep_putting(void *store)
{
    int taken = 0;
    for (int i = 0; i < PUTS; i++) taken += put_bundle(store) == ATTESTOR_OK;
    printf("%d of %d bundles taken\n", taken, PUTS);
    return NULL;
}

struct worker {
    pthread_t thread;
    attestor_verifier *verifier; /* a reference of its own */
    int allowed;
};

static void *keep_verifying(void *context)
{
    struct worker *self = context;
    attestor_result *result = NULL;
    attestor_request request = attestor_request_default(credential, credential_len);
    if (attestor_result_new(&result, NULL) == ATTESTOR_OK)
        for (int i = 0; i < VERIFICATIONS; i++)
            self->allowed += attestor_verify(self->verifier, &request, result, NULL, NULL) == ATTESTOR_OK;
    attestor_result_free(result);
    attestor_verifier_free(self->verifier);
    return NULL;
}

int main(int argc, char **argv)
{
    bundle_len = read_file(argc == 3 ? argv[1] : NULL, bundle, sizeof bundle);
    credential_len = read_file(argc == 3 ? argv[2] : NULL, credential, sizeof credential);
    attestor_store *store = NULL;
    attestor_verifier *verifier = NULL;
    if (attestor_store_new(NULL, &store, NULL) || put_bundle(store) ||
        attestor_verifier_new(store, policy, strlen(policy), NULL, &verifier, NULL))
        return ATTESTOR_CLASS_MISUSE;

    pthread_t feeder;
    struct worker workers[VERIFIERS] = {0};
    pthread_create(&feeder, NULL, keep_putting, store);
    for (int i = 0; i < VERIFIERS; i++) {
        workers[i].verifier = attestor_verifier_ref(verifier);
        pthread_create(&workers[i].thread, NULL, keep_verifying, &workers[i]);
    }
    attestor_verifier_free(verifier);

    int allowed = 0;
    for (int i = 0; i < VERIFIERS; i++) {
        pthread_join(workers[i].thread, NULL);
        allowed += workers[i].allowed;
    }
    pthread_join(feeder, NULL);
    attestor_store_free(store);
    printf("%d of %d verifications allowed\n", allowed, VERIFIERS * VERIFICATIONS);
    return allowed == VERIFIERS * VERIFICATIONS ? ATTESTOR_CLASS_ALLOW : ATTESTOR_CLASS_DENY;
}
