//go:build cgo

#include "callbacks.h"
#include "_cgo_export.h"

#include <string.h>

/* The Go call under way on this thread, 0 for none. Its address tells threads apart. */
static __thread uintptr_t current;

static int32_t fetch(void *registration, uint32_t kind, const char *name, size_t name_len, attestor_sink *sink)
{
    return attestorGoFetch((uintptr_t)registration, current, (uintptr_t)&current, kind, (char *)name, name_len, sink);
}

static void drop(void *registration)
{
    attestorGoDrop((uintptr_t)registration);
}

/* A feed of one store may refresh another one: the outer call comes back into its own. */
static uintptr_t enter(uintptr_t call)
{
    uintptr_t outer = current;
    current = call;
    return outer;
}

attestor_error attestor_go_store_set_source(attestor_store *store, uint32_t kind, const char *name, size_t name_len,
                                            uintptr_t registration, uint64_t feed)
{
    attestor_error error = ATTESTOR_ERROR_INIT;
    attestor_source source = ATTESTOR_SOURCE_INIT;
    source.fetch = fetch;
    source.drop = drop;
    source.userdata = (void *)registration;
    source.feed = feed;
    error.code = attestor_store_set_source(store, kind, name, name_len, registration == 0 ? NULL : &source, &error);
    return error;
}

attestor_go_refreshed attestor_go_store_refresh(attestor_store *store, int64_t now, uintptr_t call)
{
    attestor_go_refreshed refreshed = { ATTESTOR_ERROR_INIT, ATTESTOR_REFRESH_REPORT_INIT };
    uintptr_t outer = enter(call);
    refreshed.error.code = attestor_store_refresh(store, now, &refreshed.report, &refreshed.error);
    current = outer;
    return refreshed;
}

attestor_error attestor_go_store_refresh_source(attestor_store *store, uint32_t kind, const char *name,
                                                size_t name_len, int64_t now, uintptr_t call)
{
    attestor_error error = ATTESTOR_ERROR_INIT;
    uintptr_t outer = enter(call);
    error.code = attestor_store_refresh_source(store, kind, name, name_len, now, &error);
    current = outer;
    return error;
}

attestor_status attestor_go_ask_refreshing(const attestor_verifier *verifier, attestor_result *result,
                                           attestor_request request, uint32_t flags, attestor_answer *answer,
                                           size_t room, uintptr_t call)
{
    uintptr_t outer = enter(call);
    attestor_status status =
        attestor_go_ask_more(verifier, result, request, flags | ATTESTOR_ASK_REFRESHING, answer, room);
    current = outer;
    return status;
}

static attestor_sink_options sink_options(uint32_t flags, uint64_t max_age_secs, uint64_t refresh_after_secs)
{
    attestor_sink_options options = ATTESTOR_SINK_OPTIONS_INIT;
    options.flags = flags;
    options.max_age_secs = max_age_secs;
    options.refresh_after_secs = refresh_after_secs;
    return options;
}

static attestor_error elsewhere(void)
{
    attestor_error error = ATTESTOR_ERROR_INIT;
    error.code = ATTESTOR_ARGUMENT_INVALID;
    strcpy(error.detail, "the sink is of another goroutine");
    return error;
}

attestor_error attestor_go_sink_put(attestor_sink *sink, uintptr_t thread, uint32_t format, const uint8_t *document,
                                    size_t document_len, uint32_t flags, uint64_t max_age_secs,
                                    uint64_t refresh_after_secs)
{
    attestor_error error = ATTESTOR_ERROR_INIT;
    attestor_sink_options options = sink_options(flags, max_age_secs, refresh_after_secs);
    if (thread != (uintptr_t)&current) {
        return elsewhere();
    }
    error.code = attestor_sink_put(sink, format, document, document_len, &options, &error);
    return error;
}

attestor_error attestor_go_sink_confirm(attestor_sink *sink, uintptr_t thread, uint32_t flags, uint64_t max_age_secs,
                                        uint64_t refresh_after_secs)
{
    attestor_error error = ATTESTOR_ERROR_INIT;
    attestor_sink_options options = sink_options(flags, max_age_secs, refresh_after_secs);
    if (thread != (uintptr_t)&current) {
        return elsewhere();
    }
    error.code = attestor_sink_confirm(sink, &options, &error);
    return error;
}
