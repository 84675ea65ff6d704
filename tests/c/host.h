/* A host whose callback feeds a store: what it does is told beforehand, and it keeps what became of it. */
#ifndef HOST_H
#define HOST_H

#include "material.h"

enum { SOURCE_FEED = 9 };

/* All zero: it confirms, and says that it did. */
struct host {
    struct bytes document; /* put, unless empty: then confirmed */
    uint32_t format;       /* 0 is a SPIFFE bundle */
    const attestor_sink_options *options;
    int32_t answer;
    int silent; /* touches no sink */
    void (*inside)(struct host *self); /* before it does any of it */
    struct setup *setup;               /* for `inside` */
    attestor_status said;              /* by the sink */
    int calls, drops, running;
    uint32_t kind;
    char name[64];
};

/* Lets the host feed a source, or DOMAIN. */
attestor_source host_source(struct host *host);
attestor_status set_named(attestor_store *store, uint32_t kind, const char *name, struct host *host);
attestor_status set(attestor_store *store, struct host *host);
/* Takes the callback of DOMAIN away. */
attestor_status unset(attestor_store *store);

/* Fetches DOMAIN. */
attestor_status refresh_domain(attestor_store *store, int64_t now, attestor_error *err);
/* Refreshes what is due; whether that is what was done. */
int refreshes(attestor_store *store, int64_t now, uint64_t succeeded, uint64_t failed, uint64_t busy);
int64_t next_refresh(const attestor_store *store, int64_t now);
/* The health of DOMAIN. */
attestor_source_health health_at(const attestor_store *store, int64_t now);

/* Everything is ready but for the bundle, which only the host has. */
struct setup setup_unfed(struct host *host);

#endif
