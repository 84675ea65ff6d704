/* attestor: with the options a store has by default, keys busy; and remembered. */
#include "bench.h"
#include <attestor.h>
#include <stdlib.h>
#include <string.h>

/* More than a key needs to get its table, and to use it. */
enum { WARM_CALLS = 64 };

struct own {
    attestor_verifier *verifier;
    attestor_result *result;
};

static const char *version(void)
{
    return ATTESTOR_VERSION_STRING;
}

static bool check(void *state, const struct text *token)
{
    struct own *own = state;
    attestor_request request = attestor_request_default((const uint8_t *)token->data, token->len);
    attestor_summary summary = attestor_summary_default();
    return attestor_verify(own->verifier, &request, own->result, &summary, NULL) == ATTESTOR_OK &&
           summary.identity.len > 0;
}

static void *open_with(const struct material *material, uint32_t flags, const char **why)
{
    struct own *own = calloc(1, sizeof *own);
    attestor_store *store = NULL;
    attestor_error err = ATTESTOR_ERROR_INIT;
    attestor_verifier_options options = ATTESTOR_VERIFIER_OPTIONS_INIT;
    options.flags = flags;
    uint32_t kind = material->of_svids ? ATTESTOR_SOURCE_TRUST_DOMAIN : ATTESTOR_SOURCE_ISSUER;
    uint32_t format = material->of_svids ? ATTESTOR_FORMAT_SPIFFE_BUNDLE : ATTESTOR_FORMAT_JWKS;
    const char *name = material->of_svids ? TRUST_DOMAIN : ISSUER;
    if (own == NULL || attestor_store_new(NULL, &store, &err) ||
        attestor_store_put(store, kind, name, strlen(name), format, (const uint8_t *)material->bundle.data,
                           material->bundle.len, NULL, ATTESTOR_NOW, &err) ||
        attestor_verifier_new(store, material->policy.data, material->policy.len, &options, &own->verifier, &err) ||
        attestor_result_new(&own->result, &err)) {
        free(own);
        own = NULL;
        *why = "attestor cannot be set up";
    }
    attestor_store_free(store);
    for (int call = 0; own != NULL && call < WARM_CALLS; call++)
        check(own, &material->tokens[VALID]);
    return own;
}

static void *open_warm(const struct material *material, const char **why)
{
    struct own *own = open_with(material, ATTESTOR_VERIFIER_NO_CACHE, why);
    attestor_metrics metrics = ATTESTOR_METRICS_INIT;
    /* Not every processor has what is faster than ring for RSA. */
    bool of_rsa = strchr("RP", material->algorithm[0]) != NULL;
    if (own != NULL && !of_rsa &&
        (attestor_verifier_metrics(own->verifier, &metrics, NULL) != ATTESTOR_OK ||
         metrics.key_tables_by_table == 0)) {
        *why = "no signature was checked by a table";
        own = NULL;
    }
    return own;
}

static void *open_cached(const struct material *material, const char **why)
{
    return open_with(material, 0, why);
}

const struct library attestor_warm = { "attestor", "warm/", version, open_warm, check, true, false };
const struct library attestor_cached = { "attestor", "cached/", version, open_cached, check, true, true };
