/* Everything at once: threads put, remove, confirm, withdraw, give the store callbacks and take them away, refresh,
 * verify, snapshot, restore and close, all on one store. What each call may come to is checked, that every callback is
 * dropped once and never runs twice at a time or after that, and nothing more: the sanitizers watch the rest.
 *
 * stress [ROUNDS]: how often each thread goes through its calls. */
#include "material.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DOMAINS = 4, FORKS = 20, HOST_FEED = 9 };

static const uint32_t td = ATTESTOR_SOURCE_TRUST_DOMAIN;
static const uint8_t key[] = "a key of the host, of 32 bytes or more";
static long rounds = 400;

static struct {
    pthread_mutex_t lock;
    long set, dropped, wrong, done;
} tally = {PTHREAD_MUTEX_INITIALIZER, 0, 0, 0, 0};

static void count(long *what)
{
    pthread_mutex_lock(&tally.lock);
    ++*what;
    pthread_mutex_unlock(&tally.lock);
}

static long counted(const long *what)
{
    pthread_mutex_lock(&tally.lock);
    long n = *what;
    pthread_mutex_unlock(&tally.lock);
    return n;
}

/* Whether the status is one of those, which end with -1. */
static void expect(const char *call, attestor_status status, const attestor_status *these)
{
    for (; *these != -1; these++)
        if (*these == status) return;
    fprintf(stderr, "%s is %s\n", call, attestor_status_slug(status));
    count(&tally.wrong);
}

#define EXPECT(call, ...) expect(#call, (call), (const attestor_status[]){__VA_ARGS__, -1})

struct worker {
    pthread_t thread;
    const struct setup *setup;
    attestor_store *store;       /* a reference of its own */
    attestor_verifier *verifier; /* a reference of its own */
    long round;
};

/* The first domain is that of the credential. */
static const char *domain(long n)
{
    static const char *const domains[DOMAINS] = {DOMAIN, "partner.example", "a.example", "b.example"};
    return domains[n % DOMAINS];
}

/* Within the ages of the bundle, and beyond. */
static int64_t now_of(const struct worker *self)
{
    return CLOCK + self->round * 7 % 800;
}

static attestor_status put(const struct worker *self, const char *name, int64_t now)
{
    attestor_put_options options = ATTESTOR_PUT_OPTIONS_INIT;
    options.feed = FEED;
    options.flags = ATTESTOR_PUT_FORCE;
    return attestor_store_put(self->store, td, name, strlen(name), ATTESTOR_FORMAT_SPIFFE_BUNDLE,
                              self->setup->bundle.ptr, self->setup->bundle.len, &options, now, NULL);
}

static void change(struct worker *self)
{
    const char *name = domain(self->round);
    size_t n = strlen(name);
    EXPECT(put(self, name, now_of(self)), ATTESTOR_OK);
    EXPECT(attestor_store_touch(self->store, td, name, n, FEED, now_of(self), NULL), ATTESTOR_OK,
           ATTESTOR_BUNDLE_UNAVAILABLE);
    if (self->round % 5 == 0) EXPECT(attestor_store_remove(self->store, td, name, n, NULL), ATTESTOR_OK);
    if (self->round % 17 == 0) EXPECT(attestor_store_withdraw(self->store, FEED, NULL, NULL), ATTESTOR_OK);
}

/* What a callback gets: its own, freed when it is dropped. */
struct host {
    struct bytes bundle;
    pthread_mutex_t running;
    long calls;
};

static int32_t fetch(void *userdata, uint32_t kind, const char *name, size_t name_len, attestor_sink *sink)
{
    struct host *self = userdata;
    attestor_sink_options options = ATTESTOR_SINK_OPTIONS_INIT;
    (void)kind, (void)name, (void)name_len;
    if (pthread_mutex_trylock(&self->running) != 0) {
        fprintf(stderr, "a callback runs twice at a time\n");
        count(&tally.wrong);
        return 1;
    }
    long call = self->calls++;
    options.flags = ATTESTOR_PUT_FORCE;
    attestor_status status =
        call % 3 == 1 ? attestor_sink_confirm(sink, &options, NULL)
                      : attestor_sink_put(sink, ATTESTOR_FORMAT_SPIFFE_BUNDLE, self->bundle.ptr, self->bundle.len,
                                          &options, NULL);
    EXPECT(status, ATTESTOR_OK, ATTESTOR_BUNDLE_UNAVAILABLE, ATTESTOR_FEED_REPLACED);
    pthread_mutex_unlock(&self->running);
    return call % 5 == 4 ? 7 : 0;
}

static void dropped(void *userdata)
{
    struct host *self = userdata;
    bytes_free(&self->bundle);
    pthread_mutex_destroy(&self->running);
    free(self);
    count(&tally.dropped);
}

static attestor_status set_source(attestor_store *store, const char *name, struct bytes bundle)
{
    struct host *host = calloc(1, sizeof *host);
    test_need(host != NULL, "memory");
    host->bundle = bytes_copy(bundle.ptr, bundle.len);
    test_need(pthread_mutex_init(&host->running, NULL) == 0, "a lock");
    attestor_source source = ATTESTOR_SOURCE_INIT;
    source.fetch = fetch;
    source.drop = dropped;
    source.userdata = host;
    source.feed = HOST_FEED;
    attestor_status status = attestor_store_set_source(store, td, name, strlen(name), &source, NULL);
    count(&tally.set);
    return status;
}

static void give_and_take(struct worker *self)
{
    const char *name = domain(self->round);
    EXPECT(set_source(self->store, name, self->setup->bundle), ATTESTOR_OK);
    if (self->round % 3 == 0)
        EXPECT(attestor_store_set_source(self->store, td, name, strlen(name), NULL, NULL), ATTESTOR_OK);
}

static void refresh(struct worker *self)
{
    attestor_refresh_report report = ATTESTOR_REFRESH_REPORT_INIT;
    attestor_source_health health = ATTESTOR_SOURCE_HEALTH_INIT;
    const char *name = domain(self->round);
    int64_t next = 0, now = now_of(self);
    EXPECT(attestor_store_refresh(self->store, now, &report, NULL), ATTESTOR_OK);
    EXPECT(attestor_store_refresh_source(self->store, td, name, strlen(name), now, NULL), ATTESTOR_OK,
           ATTESTOR_REFRESH_BUSY, ATTESTOR_CALLBACK_FAILED, ATTESTOR_FEED_REPLACED, ATTESTOR_BUNDLE_UNAVAILABLE);
    EXPECT(attestor_store_next_refresh(self->store, now, &next, NULL), ATTESTOR_OK);
    EXPECT(attestor_store_health(self->store, td, name, strlen(name), now, &health, NULL), ATTESTOR_OK,
           ATTESTOR_BUNDLE_UNAVAILABLE);
}

static void verify(struct worker *self)
{
    attestor_result *result = NULL;
    attestor_request request = setup_request(self->setup);
    attestor_summary summary = attestor_summary_default();
    request.now = now_of(self);
    EXPECT(attestor_result_new(&result, NULL), ATTESTOR_OK);
    for (int i = 0; i < 4; i++) {
        EXPECT(attestor_verify(self->verifier, &request, result, &summary, NULL), ATTESTOR_OK,
               ATTESTOR_BUNDLE_UNAVAILABLE, ATTESTOR_BUNDLE_STALE);
        EXPECT(attestor_verify_refreshing(self->verifier, &request, result, &summary, NULL), ATTESTOR_OK,
               ATTESTOR_BUNDLE_UNAVAILABLE, ATTESTOR_BUNDLE_STALE);
    }
    attestor_result_free(result);
}

static void keep(struct worker *self)
{
    static uint8_t buf[1 << 18];
    attestor_store *other = NULL;
    size_t len = 0;
    const size_t key_len = sizeof key - 1;
    EXPECT(attestor_store_snapshot(self->store, key, key_len, now_of(self), buf, sizeof buf, &len, NULL), ATTESTOR_OK);
    EXPECT(attestor_store_restore(self->store, key, key_len, buf, len, now_of(self), NULL, NULL), ATTESTOR_OK);
    EXPECT(attestor_store_new(NULL, &other, NULL), ATTESTOR_OK);
    EXPECT(attestor_store_restore(other, key, key_len, buf, len, now_of(self), NULL, NULL), ATTESTOR_OK);
    attestor_store_free(other);
    EXPECT(attestor_store_allow_publishing(self->store, td, DOMAIN, strlen(DOMAIN), self->round % 2 == 0, NULL),
           ATTESTOR_OK);
    EXPECT(attestor_store_publish(self->store, td, DOMAIN, strlen(DOMAIN), ATTESTOR_FORMAT_SPIFFE_BUNDLE, now_of(self),
                                  buf, sizeof buf, &len, NULL),
           ATTESTOR_OK, ATTESTOR_SOURCE_NOT_PUBLISHED, ATTESTOR_BUNDLE_UNAVAILABLE, ATTESTOR_BUNDLE_STALE);
}

static void look(struct worker *self)
{
    attestor_metrics metrics = ATTESTOR_METRICS_INIT;
    attestor_readiness readiness = ATTESTOR_READINESS_INIT;
    attestor_verdict_count rows[16];
    size_t len = 0;
    EXPECT(attestor_verifier_metrics(self->verifier, &metrics, NULL), ATTESTOR_OK);
    EXPECT(attestor_verifier_readiness(self->verifier, now_of(self), &readiness, NULL), ATTESTOR_OK);
    EXPECT(attestor_verifier_verdict_counts(self->verifier, rows, 16, &len, NULL), ATTESTOR_OK);
    for (uint64_t i = attestor_verifier_source_count(self->verifier); i-- > 0;) {
        attestor_source_metrics row = ATTESTOR_SOURCE_METRICS_INIT;
        char name[64];
        EXPECT(attestor_verifier_source_metrics(self->verifier, i, now_of(self), &row, name, sizeof name, &len, NULL),
               ATTESTOR_OK);
    }
    EXPECT(attestor_verifier_set_policy(self->verifier, POLICY, strlen(POLICY), NULL), ATTESTOR_OK);
}

/* A store of its own with a callback, closed by whoever is last: its verifier, here. */
static void open_and_close(struct worker *self)
{
    attestor_store *store = NULL, *shared = attestor_store_ref(self->store);
    attestor_verifier *verifier = NULL, *second = attestor_verifier_ref(self->verifier);
    attestor_store_free(shared);
    attestor_verifier_free(second);
    EXPECT(attestor_store_new(NULL, &store, NULL), ATTESTOR_OK);
    EXPECT(set_source(store, DOMAIN, self->setup->bundle), ATTESTOR_OK);
    EXPECT(new_verifier(store, POLICY, &verifier, NULL), ATTESTOR_OK);
    EXPECT(attestor_store_refresh(store, CLOCK, NULL, NULL), ATTESTOR_OK);
    attestor_store_free(store);
    attestor_verifier_free(verifier);
}

static void (*const jobs[])(struct worker *self) = {change, change, give_and_take, refresh, refresh,
                                                    verify, verify, keep,          look,    open_and_close};

enum { WORKERS = sizeof jobs / sizeof *jobs };

struct task {
    struct worker worker;
    void (*job)(struct worker *self);
};

static void *work(void *context)
{
    struct task *self = context;
    for (self->worker.round = 0; self->worker.round < rounds; self->worker.round++) self->job(&self->worker);
    attestor_verifier_free(self->worker.verifier);
    attestor_store_free(self->worker.store);
    return NULL;
}

static void *work_until_done(void *context)
{
    struct task *self = context;
    while (counted(&tally.done) == 0) {
        self->job(&self->worker);
        self->worker.round++;
    }
    attestor_verifier_free(self->worker.verifier);
    attestor_store_free(self->worker.store);
    return NULL;
}

static void begin(struct task *task, const struct setup *setup, void (*job)(struct worker *), void *(*body)(void *))
{
    task->job = job;
    task->worker = (struct worker){.setup = setup,
                                   .store = attestor_store_ref(setup->store),
                                   .verifier = attestor_verifier_ref(setup->verifier)};
    test_need(pthread_create(&task->worker.thread, NULL, body, task) == 0, "a thread");
}

static void end(struct task *task)
{
    CHECK(pthread_join(task->worker.thread, NULL) == 0);
}

static void all_at_once(void)
{
    struct setup setup = setup_new(), lent = setup;
    struct task tasks[WORKERS];
    for (int i = 0; i < WORKERS; i++) begin(&tasks[i], &lent, jobs[i], work);
    /* The last of the threads closes both. */
    attestor_store_free(setup.store);
    attestor_verifier_free(setup.verifier);
    setup.store = NULL;
    setup.verifier = NULL;
    for (int i = 0; i < WORKERS; i++) end(&tasks[i]);
    CHECK(tally.wrong == 0);
    CHECK(tally.set > 0 && tally.dropped == tally.set);
    setup_free(&setup);
}

static void put_ours(struct worker *self)
{
    EXPECT(put(self, DOMAIN, CLOCK), ATTESTOR_OK);
}

static void refresh_ours(struct worker *self)
{
    EXPECT(attestor_store_refresh(self->store, CLOCK, NULL, NULL), ATTESTOR_OK);
    EXPECT(attestor_store_refresh_source(self->store, td, DOMAIN, strlen(DOMAIN), CLOCK, NULL), ATTESTOR_OK,
           ATTESTOR_CALLBACK_FAILED, ATTESTOR_BUNDLE_UNAVAILABLE);
}

static void verify_ours(struct worker *self)
{
    attestor_result *result = NULL;
    attestor_request request = setup_request(self->setup);
    EXPECT(attestor_result_new(&result, NULL), ATTESTOR_OK);
    EXPECT(attestor_verify_refreshing(self->verifier, &request, result, NULL, NULL), ATTESTOR_OK);
    attestor_result_free(result);
}

/* A child of a process whose other threads were in the middle of everything. */
static void a_forked_child_can_verify(void)
{
    enum { SECONDS = 60 };
    void (*const others[])(struct worker *) = {put_ours, refresh_ours, verify_ours, keep};
    struct setup setup = setup_new();
    struct task tasks[4];
    /* A warm result, and a verdict that the cache knows: what the child does then allocates nothing, and leaves alone
     * an allocator that another thread may have held at the fork. */
    CHECK_STATUS(setup_verify(&setup, NULL), ATTESTOR_OK);
    CHECK_STATUS(set_source(setup.store, DOMAIN, setup.bundle), ATTESTOR_OK);
    for (int i = 0; i < 4; i++) begin(&tasks[i], &setup, others[i], work_until_done);
    for (int i = 0; i < FORKS; i++) {
        pid_t child = fork();
        test_need(child >= 0, "a process");
        if (child == 0) {
            alarm(SECONDS); /* a deadlock ends as a signal */
            const char *end = setup_verify(&setup, NULL) == ATTESTOR_OK ? "true" : "false";
            /* Not _exit: what the others held at the fork is no leak, and valgrind would look for one. */
            execlp(end, end, (char *)NULL);
            abort();
        }
        int how = -1;
        CHECK(waitpid(child, &how, 0) == child);
        CHECK(WIFEXITED(how) && WEXITSTATUS(how) == 0);
    }
    count(&tally.done);
    for (int i = 0; i < 4; i++) end(&tasks[i]);
    setup_free(&setup);
    CHECK(tally.wrong == 0);
    CHECK(tally.dropped == tally.set);
}

int main(int argc, char **argv)
{
    if (argc > 1) rounds = strtol(argv[1], NULL, 10);
    test_need(rounds > 0, "at least one round");
    RUN(all_at_once);
    RUN(a_forked_child_can_verify);
    return test_end("stress");
}
