#include "material.h"

struct setup setup_new(void)
{
    struct setup setup = {
        .bundle = bytes_of_file("../data/spire/ec-p256/s0.bundle.spiffe.json"),
        .revoking = bytes_of_file("../data/spire/ec-p256/s4-old-revoked.bundle.spiffe.json"),
        .credential = bytes_of_file("../data/spire/ec-p256/s0.minted.jwt"),
    };
    test_need(attestor_store_new(NULL, &setup.store, NULL) == ATTESTOR_OK, "a store");
    test_need(put_bytes(setup.store, setup.bundle, NULL) == ATTESTOR_OK, "a bundle");
    test_need(new_verifier(setup.store, POLICY, &setup.verifier, NULL) == ATTESTOR_OK, "a verifier");
    test_need(attestor_result_new(&setup.result, NULL) == ATTESTOR_OK, "a result");
    return setup;
}

struct setup setup_oidc(void)
{
    struct setup setup = {
        .bundle = bytes_of_file("../vectors/bundles/issuer.json"),
        .revoking = bytes_of_file("../vectors/bundles/jwks-rotated.json"),
        .credential = bytes_of_file("../vectors/credentials/oidc-good-es256.jwt"),
    };
    struct bytes policy = bytes_of_file("../vectors/policies/oidc.json");
    test_need(attestor_store_new(NULL, &setup.store, NULL) == ATTESTOR_OK, "a store");
    test_need(put_issuer(setup.store, ATTESTOR_FORMAT_JWKS, setup.bundle) == ATTESTOR_OK, "a key set");
    test_need(attestor_verifier_new(setup.store, (const char *)policy.ptr, policy.len, NULL, &setup.verifier, NULL) ==
                  ATTESTOR_OK,
              "a verifier");
    test_need(attestor_result_new(&setup.result, NULL) == ATTESTOR_OK, "a result");
    bytes_free(&policy);
    return setup;
}

void setup_free(struct setup *setup)
{
    attestor_result_free(setup->result);
    attestor_verifier_free(setup->verifier);
    attestor_store_free(setup->store);
    bytes_free(&setup->bundle);
    bytes_free(&setup->revoking);
    bytes_free(&setup->credential);
}

attestor_request setup_request(const struct setup *setup)
{
    attestor_request request = attestor_request_default(setup->credential.ptr, setup->credential.len);
    request.now = CLOCK;
    return request;
}

attestor_status setup_verify(const struct setup *setup, attestor_summary *summary)
{
    attestor_request request = setup_request(setup);
    return attestor_verify(setup->verifier, &request, setup->result, summary, NULL);
}

attestor_status put_bytes(attestor_store *store, struct bytes document, attestor_error *err)
{
    attestor_put_options options = ATTESTOR_PUT_OPTIONS_INIT;
    options.feed = FEED;
    return attestor_store_put(store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN),
                              ATTESTOR_FORMAT_SPIFFE_BUNDLE, document.ptr, document.len, &options, CLOCK, err);
}

attestor_status put_issuer(attestor_store *store, uint32_t format, struct bytes document)
{
    return attestor_store_put(store, ATTESTOR_SOURCE_ISSUER, OIDC_ISSUER, strlen(OIDC_ISSUER), format, document.ptr,
                              document.len, NULL, CLOCK, NULL);
}

attestor_status put_text(attestor_store *store, const char *document, attestor_error *err)
{
    struct bytes copy = bytes_copy(document, strlen(document));
    attestor_status status = put_bytes(store, copy, err);
    bytes_free(&copy);
    return status;
}

attestor_status jwt_slot(const attestor_store *store, attestor_slot_info *info)
{
    return attestor_store_info(store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN), ATTESTOR_SLOT_JWT, info,
                               NULL);
}

attestor_status new_verifier(const attestor_store *store, const char *policy, attestor_verifier **out,
                             attestor_error *err)
{
    struct bytes copy = bytes_copy(policy, strlen(policy));
    attestor_status status = attestor_verifier_new(store, (const char *)copy.ptr, copy.len, NULL, out, err);
    bytes_free(&copy);
    return status;
}
