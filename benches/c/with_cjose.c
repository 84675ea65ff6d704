/* cjose: the signature. Claims are the caller's to look at, with the JSON library that cjose is built on. */
#include "bench.h"
#include <cjose/cjose.h>
#include <jansson.h>
#include <string.h>
#include <time.h>

static void *open_key(const struct material *material, const char **why)
{
    cjose_err err;
    cjose_jwk_t *key = cjose_jwk_import(material->jwk.data, material->jwk.len, &err);
    if (key == NULL) *why = "cjose has no such key";
    return key;
}

static bool has_audience(const json_t *claims)
{
    const json_t *audiences = json_object_get(claims, "aud");
    size_t at;
    const json_t *audience;
    json_array_foreach(audiences, at, audience)
    {
        const char *text = json_string_value(audience);
        if (text != NULL && strcmp(text, AUDIENCE) == 0) return true;
    }
    return false;
}

static bool claims_hold(const char *text, size_t len)
{
    json_t *claims = json_loadb(text, len, 0, NULL);
    const json_t *expires = json_object_get(claims, "exp");
    bool hold = json_is_integer(expires) && json_integer_value(expires) > (json_int_t)time(NULL) &&
                has_audience(claims) && json_string_value(json_object_get(claims, "sub")) != NULL;
    json_decref(claims);
    return hold;
}

static bool check(void *state, const struct text *token)
{
    cjose_err err;
    uint8_t *payload = NULL;
    size_t len = 0;
    cjose_jws_t *jws = cjose_jws_import(token->data, token->len, &err);
    if (jws == NULL) return false;
    const char *kid = cjose_header_get(cjose_jws_get_protected(jws), CJOSE_HDR_KID, &err);
    bool good = kid != NULL && strcmp(kid, KID) == 0 && cjose_jws_verify(jws, state, &err) &&
                cjose_jws_get_plaintext(jws, &payload, &len, &err) && claims_hold((const char *)payload, len);
    cjose_jws_release(jws);
    return good;
}

const struct library with_cjose = { "cjose", "", cjose_version, open_key, check, true, false };
