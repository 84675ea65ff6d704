#include "host.h"

#include <stdio.h>

static int32_t fetch(void *userdata, uint32_t kind, const char *name, size_t name_len, attestor_sink *sink)
{
    struct host *self = userdata;
    CHECK(self->drops == 0 && self->running == 0);
    self->calls++;
    self->running++;
    self->kind = kind;
    snprintf(self->name, sizeof self->name, "%.*s", (int)name_len, name);
    if (self->inside != NULL) self->inside(self);
    if (!self->silent) {
        uint32_t format = self->format == 0 ? ATTESTOR_FORMAT_SPIFFE_BUNDLE : self->format;
        self->said = self->document.ptr == NULL
                         ? attestor_sink_confirm(sink, self->options, NULL)
                         : attestor_sink_put(sink, format, self->document.ptr, self->document.len, self->options, NULL);
    }
    self->running--;
    return self->answer;
}

static void dropped(void *userdata)
{
    struct host *self = userdata;
    CHECK(self->running == 0);
    self->drops++;
}

attestor_source host_source(struct host *host)
{
    attestor_source source = ATTESTOR_SOURCE_INIT;
    source.fetch = fetch;
    source.drop = dropped;
    source.userdata = host;
    source.feed = SOURCE_FEED;
    return source;
}

attestor_status set_named(attestor_store *store, uint32_t kind, const char *name, struct host *host)
{
    attestor_source source = host_source(host);
    return attestor_store_set_source(store, kind, name, strlen(name), &source, NULL);
}

attestor_status set(attestor_store *store, struct host *host)
{
    return set_named(store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, host);
}

attestor_status unset(attestor_store *store)
{
    return attestor_store_set_source(store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN), NULL, NULL);
}

attestor_status refresh_domain(attestor_store *store, int64_t now, attestor_error *err)
{
    return attestor_store_refresh_source(store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN), now, err);
}

int refreshes(attestor_store *store, int64_t now, uint64_t succeeded, uint64_t failed, uint64_t busy)
{
    attestor_refresh_report report = ATTESTOR_REFRESH_REPORT_INIT;
    CHECK_STATUS(attestor_store_refresh(store, now, &report, NULL), ATTESTOR_OK);
    return report.succeeded == succeeded && report.failed == failed && report.busy == busy && report.flags == 0;
}

attestor_source_health health_at(const attestor_store *store, int64_t now)
{
    attestor_source_health health = ATTESTOR_SOURCE_HEALTH_INIT;
    CHECK_STATUS(attestor_store_health(store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN), now, &health, NULL),
                 ATTESTOR_OK);
    return health;
}

int64_t next_refresh(const attestor_store *store, int64_t now)
{
    int64_t next = 0;
    CHECK_STATUS(attestor_store_next_refresh(store, now, &next, NULL), ATTESTOR_OK);
    return next;
}

struct setup setup_unfed(struct host *host)
{
    struct setup s = setup_new();
    CHECK_STATUS(attestor_store_remove(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN), NULL),
                 ATTESTOR_OK);
    *host = (struct host){.document = s.bundle};
    return s;
}
