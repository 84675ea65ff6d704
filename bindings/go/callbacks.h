/* The calls that may call back into Go. What the callbacks need of such a call is kept for the thread that makes it:
 * they run on that thread, which stays with the goroutine until the call returns. */

#ifndef ATTESTOR_GO_CALLBACKS_H
#define ATTESTOR_GO_CALLBACKS_H

#include "shim.h"

typedef struct {
    attestor_error error;
    attestor_refresh_report report;
} attestor_go_refreshed;

/* `registration` and `call` are handles of Go: numbers, never pointers to Go's memory. 0 closes. */
attestor_error attestor_go_store_set_source(attestor_store *store, uint32_t kind, const char *name, size_t name_len,
                                            uintptr_t registration, uint64_t feed);

attestor_go_refreshed attestor_go_store_refresh(attestor_store *store, int64_t now, uintptr_t call);

attestor_error attestor_go_store_refresh_source(attestor_store *store, uint32_t kind, const char *name,
                                                size_t name_len, int64_t now, uintptr_t call);

attestor_status attestor_go_ask_refreshing(const attestor_verifier *verifier, attestor_result *result,
                                           attestor_request request, uint32_t flags, attestor_answer *answer,
                                           size_t room, uintptr_t call);

/* A sink is its thread's: `thread` is what the callback was given, and on another one nothing is done. */
attestor_error attestor_go_sink_put(attestor_sink *sink, uintptr_t thread, uint32_t format, const uint8_t *document,
                                    size_t document_len, uint32_t flags, uint64_t max_age_secs,
                                    uint64_t refresh_after_secs);

attestor_error attestor_go_sink_confirm(attestor_sink *sink, uintptr_t thread, uint32_t flags, uint64_t max_age_secs,
                                        uint64_t refresh_after_secs);

#endif /* ATTESTOR_GO_CALLBACKS_H */
