/* One verification for examples/demo/run.py: demo BUNDLE|- AUDIENCE NOW CREDENTIAL prints `verdict reason`. */
#include <attestor.h>
#include <stdio.h>
#include <stdlib.h>

static size_t read_file(const char *path, uint8_t *buf, size_t cap)
{
    FILE *file = fopen(path, "rb");
    size_t len = file == NULL ? 0 : fread(buf, 1, cap, file);
    if (file != NULL) fclose(file);
    return len;
}

static attestor_status judge(char **argv, attestor_store *store, attestor_result *result, attestor_error *err)
{
    static uint8_t bundle[1 << 20], credential[65536];
    char policy[512];
    attestor_verifier *verifier = NULL;
    attestor_request request = attestor_request_default(credential, read_file(argv[4], credential, sizeof credential));
    request.now = strtoll(argv[3], NULL, 10);
    if (strcmp(argv[1], "-") != 0 &&
        attestor_store_put(store, ATTESTOR_SOURCE_TRUST_DOMAIN, "example.org", strlen("example.org"),
                           ATTESTOR_FORMAT_SPIFFE_BUNDLE, bundle, read_file(argv[1], bundle, sizeof bundle), NULL,
                           request.now, err))
        return err->code;
    snprintf(policy, sizeof policy,
             "{\"version\": 1, \"attestors\": [{\"id\": \"spiffe\", \"kind\": \"spiffe\", \"audiences\": [\"%s\"],"
             " \"trust_domains\": [\"example.org\"]}]}", argv[2]);
    if (attestor_verifier_new(store, policy, strlen(policy), NULL, &verifier, err)) return err->code;
    attestor_status status = attestor_verify(verifier, &request, result, NULL, err);
    attestor_verifier_free(verifier);
    return status;
}

int main(int argc, char **argv)
{
    static const char *const classes[] = { "allow", "deny", "unavailable", "misuse" };
    attestor_store *store = NULL;
    attestor_result *result = NULL;
    attestor_error err = ATTESTOR_ERROR_INIT;
    if (argc != 5 || attestor_store_new(NULL, &store, &err) || attestor_result_new(&result, &err)) return 3;
    attestor_status status = judge(argv, store, result, &err);
    printf("%s %s\n", classes[attestor_status_class(status)], attestor_status_slug(status));
    attestor_result_free(result);
    attestor_store_free(store);
    return 0;
}
