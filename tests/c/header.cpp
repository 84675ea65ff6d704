// The header as C++: initialisers, inline helpers, and calls by their C names.
#include <attestor.h>
#include <attestor.h>

extern "C" int header_cpp(void);

namespace {

struct Store {
    attestor_store *handle = nullptr;
    ~Store() { attestor_store_free(handle); }
};

template <typename T> bool sized(const T &structure) { return structure.struct_size == sizeof(T); }

} // namespace

int header_cpp(void)
{
    attestor_error err = ATTESTOR_ERROR_INIT;
    const attestor_store_options options = ATTESTOR_STORE_OPTIONS_INIT;
    const attestor_put_options put = ATTESTOR_PUT_OPTIONS_INIT;
    const attestor_verifier_options verifier = ATTESTOR_VERIFIER_OPTIONS_INIT;
    const attestor_request request = ATTESTOR_REQUEST_INIT;
    Store store;
    return attestor_store_new(&options, &store.handle, &err) == ATTESTOR_OK && store.handle != nullptr &&
           sized(err) && sized(options) && sized(put) && sized(verifier) && sized(request) &&
           sized(attestor_summary_default()) && sized(attestor_slot_info_default());
}
