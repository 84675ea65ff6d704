/* One verification for examples/demo/run.py: demo POLICY BUNDLES|- NOW CREDENTIAL|- REQUEST|- prints
 * `verdict reason`. BUNDLES are NAME=FORMAT=FILE joined by commas, REQUEST is OPTION=VALUE joined by semicolons. */
#include <attestor.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const formats[] = { "", "spiffe_bundle", "workload_api_jwks", "jwks", "public_key_pem",
                                       "x509_pem", "x509_der", "bundle_map", "x509_crl" };

/* Reads a file for the life of the program. */
static const uint8_t *read_file(const char *path, size_t *len)
{
    const size_t cap = 1u << 20;
    uint8_t *bytes = malloc(cap);
    FILE *file = fopen(path, "rb");
    if (bytes == NULL || file == NULL) exit(3);
    *len = fread(bytes, 1, cap, file);
    fclose(file);
    return bytes;
}

static attestor_status put(attestor_store *store, char *item, int64_t now, attestor_error *err)
{
    /* The name may hold an equals sign, the format and the file do not. */
    char *file = strrchr(item, '=');
    *file++ = '\0';
    char *format = strrchr(item, '=');
    *format++ = '\0';
    uint32_t number = 0;
    for (uint32_t at = 1; at < sizeof formats / sizeof *formats; at++)
        if (strcmp(formats[at], format) == 0) number = at;
    uint32_t kind = strncmp(item, "https://", 8) == 0 ? ATTESTOR_SOURCE_ISSUER : ATTESTOR_SOURCE_TRUST_DOMAIN;
    size_t len = 0;
    const uint8_t *document = read_file(file, &len);
    return attestor_store_put(store, kind, item, strlen(item), number, document, len, NULL, now, err);
}

/* Decodes hexadecimal in place. */
static size_t unhex(char *text)
{
    size_t len = strlen(text) / 2;
    for (size_t at = 0; at < len; at++) {
        char pair[3] = { text[2 * at], text[2 * at + 1], '\0' };
        text[at] = (char)strtol(pair, NULL, 16);
    }
    return len;
}

static void set(attestor_request *request, char *option)
{
    char *value = strchr(option, '=');
    if (value != NULL) *value++ = '\0';
    if (strcmp(option, "passport") == 0) request->passport = read_file(value, &request->passport_len);
    else if (strcmp(option, "chain") == 0) request->chain = read_file(value, &request->chain_len);
    else if (strcmp(option, "proof") == 0) request->proof = read_file(value, &request->proof_len);
    else if (strcmp(option, "possession") == 0)
        request->possession = strcmp(value, "tls") == 0 ? ATTESTOR_POSSESSION_TLS_HANDSHAKE
                                                        : ATTESTOR_POSSESSION_SIGNED_CHALLENGE;
    else if (strcmp(option, "challenge") == 0) {
        request->challenge = (const uint8_t *)value;
        request->challenge_len = unhex(value);
    } else if (strcmp(option, "audience") == 0) {
        request->audience = value;
        request->audience_len = strlen(value);
    }
}

static attestor_status judge(char **argv, attestor_store *store, attestor_result *result, attestor_error *err)
{
    attestor_request request = ATTESTOR_REQUEST_INIT;
    request.now = strtoll(argv[3], NULL, 10);
    for (char *item = strcmp(argv[2], "-") ? strtok(argv[2], ",") : NULL; item != NULL; item = strtok(NULL, ","))
        if (put(store, item, request.now, err)) return err->code;
    if (strcmp(argv[4], "-") != 0) request.credential = read_file(argv[4], &request.credential_len);
    for (char *option = strtok(argv[5], ";"); option != NULL; option = strtok(NULL, ";")) set(&request, option);

    size_t len = 0;
    const char *policy = (const char *)read_file(argv[1], &len);
    attestor_verifier *verifier = NULL;
    if (attestor_verifier_new(store, policy, len, NULL, &verifier, err)) return err->code;
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
    if (argc != 6 || attestor_store_new(NULL, &store, &err) || attestor_result_new(&result, &err)) return 3;
    attestor_status status = judge(argv, store, result, &err);
    printf("%s %s\n", classes[attestor_status_class(status)], attestor_status_slug(status));
    attestor_result_free(result);
    attestor_store_free(store);
    return 0;
}
