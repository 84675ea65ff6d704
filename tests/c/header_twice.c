/* The header stands alone, first in its file, and bears being included twice. */
#include <attestor.h>
#include <attestor.h>

#define SIZED(structure) ((structure).struct_size == sizeof(structure))

int header_twice(void);

/* 1 if every initialiser and inline helper says the size of its structure. */
int header_twice(void)
{
    const attestor_error err = ATTESTOR_ERROR_INIT;
    const attestor_store_options store = ATTESTOR_STORE_OPTIONS_INIT;
    const attestor_put_options put = ATTESTOR_PUT_OPTIONS_INIT;
    const attestor_verifier_options verifier = ATTESTOR_VERIFIER_OPTIONS_INIT;
    const attestor_request request = ATTESTOR_REQUEST_INIT;
    const attestor_summary summary = attestor_summary_default();
    const attestor_slot_info info = attestor_slot_info_default();
    return SIZED(err) && SIZED(store) && SIZED(put) && SIZED(verifier) && SIZED(request) && SIZED(summary) &&
           SIZED(info);
}
