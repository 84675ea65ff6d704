/* verify BUNDLE CREDENTIAL: may the workload that shows this JWT-SVID enter? Exits with the verdict's class. */
#include <attestor.h>
#include <stdio.h>

static const char policy[] =
    "{\"version\": 1, \"attestors\": [{\"id\": \"spiffe\", \"kind\": \"spiffe\","
    " \"audiences\": [\"spiffe://example.org/verifier\"], \"trust_domains\": [\"example.org\"]}]}";

static size_t read_file(const char *path, uint8_t *buf, size_t cap)
{
    FILE *file = path == NULL ? NULL : fopen(path, "rb");
    size_t len = file == NULL ? 0 : fread(buf, 1, cap, file);
    if (file != NULL) fclose(file);
    return len;
}

int main(int argc, char **argv)
{
    static uint8_t bundle[65536], credential[16384];
    size_t bundle_len = read_file(argc == 3 ? argv[1] : NULL, bundle, sizeof bundle);
    size_t credential_len = read_file(argc == 3 ? argv[2] : NULL, credential, sizeof credential);
    attestor_store *store = NULL;
    attestor_verifier *verifier = NULL;
    attestor_result *result = NULL; /* one per thread, reused for every verification */
    attestor_request request = attestor_request_default(credential, credential_len);
    attestor_summary summary = attestor_summary_default();
    attestor_error err = ATTESTOR_ERROR_INIT;
    if (attestor_store_new(NULL, &store, &err) ||
        attestor_store_put_cstr(store, "example.org", ATTESTOR_FORMAT_SPIFFE_BUNDLE, bundle, bundle_len, &err) ||
        attestor_verifier_new(store, policy, strlen(policy), NULL, &verifier, &err) ||
        attestor_result_new(&result, &err) || attestor_verify(verifier, &request, result, &summary, &err))
        fprintf(stderr, "%s%s%s\n", err.phrase, *err.detail ? ": " : "", err.detail);
    else
        printf("%.*s\n", (int)summary.identity.len, summary.identity.ptr);
    attestor_result_free(result);
    attestor_verifier_free(verifier);
    attestor_store_free(store);
    return attestor_status_class(err.code);
}
