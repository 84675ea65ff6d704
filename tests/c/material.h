/* What a real SPIRE issued (tests/data/spire/ec-p256), and a store, verifier and result made of it. */
#ifndef MATERIAL_H
#define MATERIAL_H

#include "test.h"

#define DOMAIN "example.org"
#define AUDIENCE "spiffe://example.org/verifier"
#define IDENTITY "spiffe://example.org/minted"
#define THUMBPRINT "0szpT7ur7YBdwpU-eWFx1t6NMr_SaAYFzSz5EIa32t4"
#define KID "5QOS27cm1rm45u9ufh2w60QSZfyKFKkK"
#define EXPIRES INT64_C(2110662257)
#define CLOCK INT64_C(1800000000)
#define SKEW 60
#define FEED 7

/* The credential's key, without and with the `use` that a SPIFFE bundle needs. */
#define JWK_MEMBERS \
    "\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"" KID "\"," \
    "\"x\":\"XbF2Ziu5j3U9bm1wYELCrF45v0r-SjfQPgmMOJ3DcF0\",\"y\":\"B_jTuj8o7inV7on8ukQHtkMBsTaEGU4nGzHxkdv5sGs\""
#define JWK "{\"use\":\"jwt-svid\"," JWK_MEMBERS "}"

/* One attestor `spiffe` that asks for `audience`; `more` is further members, each with a comma before it. */
#define POLICY_OF(audience, more) \
    "{\"version\":1,\"attestors\":[{\"id\":\"spiffe\",\"kind\":\"spiffe\"," \
    "\"audiences\":[\"" audience "\"],\"trust_domains\":[\"example.org\",\"partner.example\"]" more "}]}"
#define POLICY POLICY_OF(AUDIENCE, "")

/* A token of the shared corpus, good at CLOCK, and whose it is. */
#define OIDC_ISSUER "https://issuer.example"
#define OIDC_IDENTITY "oidc:" OIDC_ISSUER ":system:serviceaccount:prod:orders"

struct setup {
    attestor_store *store;
    attestor_verifier *verifier;
    attestor_result *result;
    struct bytes bundle;
    struct bytes revoking; /* a later bundle, without the credential's key */
    struct bytes credential;
};

/* Everything is ready: verifying the credential at CLOCK allows it. */
struct setup setup_new(void);
/* Likewise for the token of OIDC_ISSUER; nothing is known of DOMAIN. */
struct setup setup_oidc(void);
void setup_free(struct setup *setup);

/* The credential at CLOCK. */
attestor_request setup_request(const struct setup *setup);
/* Judges the credential at CLOCK. */
attestor_status setup_verify(const struct setup *setup, attestor_summary *summary);

/* Puts a SPIFFE bundle for DOMAIN at CLOCK, as FEED. */
attestor_status put_bytes(attestor_store *store, struct bytes document, attestor_error *err);
attestor_status put_text(attestor_store *store, const char *document, attestor_error *err);
/* Puts a document for OIDC_ISSUER at CLOCK. */
attestor_status put_issuer(attestor_store *store, uint32_t format, struct bytes document);
/* The JWT slot of DOMAIN. */
attestor_status jwt_slot(const attestor_store *store, attestor_slot_info *info);
attestor_status new_verifier(const attestor_store *store, const char *policy, attestor_verifier **out,
                             attestor_error *err);

#endif
