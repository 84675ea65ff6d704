/* libjwt 1: the signature, by a key that it parses at each call; the caller looks at claims and finds the key. */
#include "bench.h"
#include <jwt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef LIBJWT_VERSION
#define LIBJWT_VERSION "1"
#endif

static const char *version(void)
{
    return LIBJWT_VERSION;
}

static void *open_key(const struct material *material, const char **why)
{
    if (strcmp(material->algorithm, "PS256") == 0 || strcmp(material->algorithm, "EdDSA") == 0) {
        *why = "libjwt 1 has no such algorithm";
        return NULL;
    }
    struct text *pem = malloc(sizeof *pem);
    if (pem != NULL) *pem = material->pem;
    return pem;
}

static bool has_audience(jwt_t *jwt)
{
    char *audiences = jwt_get_grants_json(jwt, "aud");
    bool has = audiences != NULL && strcmp(audiences, "[\"" AUDIENCE "\"]") == 0;
    free(audiences);
    return has;
}

static bool check(void *state, const struct text *token)
{
    const struct text *pem = state;
    jwt_t *jwt = NULL;
    if (jwt_decode(&jwt, token->data, (const unsigned char *)pem->data, (int)pem->len) != 0) return false;
    bool good = jwt_get_grant_int(jwt, "exp") > (long)time(NULL) && has_audience(jwt) &&
                jwt_get_grant(jwt, "sub") != NULL;
    jwt_free(jwt);
    return good;
}

const struct library with_libjwt = { "libjwt", "", version, open_key, check, false, false };
