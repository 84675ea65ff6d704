/* Eight threads verify while the store and the policy change under them. A verification that begins and ends
 * between two changes has exactly one right verdict; one that a change overtakes has one of two.
 *
 * threads [ROUNDS]: how often the changes are gone through. */
#include "material.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { VERIFIERS = 8, CHANGES = 8, QUOTA = 16, FORKS = 40 };

static long rounds = 25;

/* `step` is even while state `step / 2` holds and odd while the next one is being made. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t progress;
    long step;
    int settled; /* verifications within the present state */
    int done;
} stage = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0};

static const char empty[] = "{\"keys\":[]}";

static attestor_status force_bundle(const struct setup *s)
{
    attestor_put_options force = ATTESTOR_PUT_OPTIONS_INIT;
    force.flags = ATTESTOR_PUT_FORCE;
    return attestor_store_put(s->store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN),
                              ATTESTOR_FORMAT_SPIFFE_BUNDLE, s->bundle.ptr, s->bundle.len, &force, CLOCK, NULL);
}

static attestor_status revoke_key(const struct setup *s)
{
    return put_bytes(s->store, s->revoking, NULL);
}

static attestor_status revoke_all(const struct setup *s)
{
    return put_text(s->store, empty, NULL);
}

static attestor_status remove_source(const struct setup *s)
{
    return attestor_store_remove(s->store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN), NULL);
}

static attestor_status ask_another_audience(const struct setup *s)
{
    const char *policy = POLICY_OF("another", "");
    return attestor_verifier_set_policy(s->verifier, policy, strlen(policy), NULL);
}

static attestor_status ask_our_audience(const struct setup *s)
{
    return attestor_verifier_set_policy(s->verifier, POLICY, strlen(POLICY), NULL);
}

/* State 0 is as `setup_new` left it; each change leads to the next state. */
static const struct {
    attestor_status (*make)(const struct setup *s);
    attestor_status verdict; /* once it is made */
} changes[CHANGES] = {
    {revoke_key, ATTESTOR_KID_NOT_FOUND},
    {force_bundle, ATTESTOR_OK},
    {ask_another_audience, ATTESTOR_AUDIENCE_MISMATCH},
    {ask_our_audience, ATTESTOR_OK},
    {remove_source, ATTESTOR_BUNDLE_UNAVAILABLE},
    {force_bundle, ATTESTOR_OK},
    {revoke_all, ATTESTOR_KID_NOT_FOUND},
    {force_bundle, ATTESTOR_OK},
};

static attestor_status verdict_of(long state)
{
    return state == 0 ? ATTESTOR_OK : changes[(state - 1) % CHANGES].verdict;
}

struct worker {
    pthread_t thread;
    const struct setup *setup;
    attestor_store *store;       /* a reference of its own */
    attestor_verifier *verifier; /* a reference of its own */
    long runs;
    long wrong;
};

static long look(void)
{
    pthread_mutex_lock(&stage.lock);
    long step = stage.step;
    pthread_mutex_unlock(&stage.lock);
    return step;
}

static int is_over(void)
{
    pthread_mutex_lock(&stage.lock);
    int done = stage.done;
    pthread_mutex_unlock(&stage.lock);
    return done;
}

static void be_over(void)
{
    pthread_mutex_lock(&stage.lock);
    stage.done = 1;
    pthread_mutex_unlock(&stage.lock);
}

/* Waits until `count` more verifications have begun and ended in the present state. */
static void settle(int count)
{
    pthread_mutex_lock(&stage.lock);
    stage.settled = 0;
    while (stage.settled < count) pthread_cond_wait(&stage.progress, &stage.lock);
    pthread_mutex_unlock(&stage.lock);
}

static void step_on(void)
{
    pthread_mutex_lock(&stage.lock);
    stage.step++;
    pthread_mutex_unlock(&stage.lock);
}

/* Where the stage is now, after a verification that began at `before`. */
static long report(long before)
{
    pthread_mutex_lock(&stage.lock);
    long step = stage.step;
    if (before == step && step % 2 == 0) {
        stage.settled++;
        pthread_cond_signal(&stage.progress);
    }
    pthread_mutex_unlock(&stage.lock);
    return step;
}

/* The status is the verdict of one of the states that were there meanwhile, and the summary agrees. */
static int is_right(attestor_status status, const attestor_summary *summary, long before, long after)
{
    int expected = 0;
    for (long state = before / 2; state <= (after + 1) / 2; state++) expected |= verdict_of(state) == status;
    attestor_str id = summary->identity;
    int shown = id.len == strlen(IDENTITY) && memcmp(id.ptr, IDENTITY, id.len) == 0;
    int absent = id.ptr == NULL && id.len == 0;
    return expected && summary->code == status && (status == ATTESTOR_OK ? shown : absent);
}

static void *verify_all_the_time(void *context)
{
    struct worker *self = context;
    attestor_request request = setup_request(self->setup);
    attestor_result *result = NULL;
    self->wrong += attestor_result_new(&result, NULL) != ATTESTOR_OK;
    do {
        long before = look();
        attestor_summary summary = attestor_summary_default();
        attestor_status status = attestor_verify(self->verifier, &request, result, &summary, NULL);
        self->wrong += !is_right(status, &summary, before, report(before));
        self->runs++;
    } while (!is_over());
    attestor_result_free(result);
    return NULL;
}

/* Feeds and forgets other domains: nothing that the credential is judged by. */
static void *feed_other_domains(void *context)
{
    struct worker *self = context;
    do {
        char name[32];
        int len = snprintf(name, sizeof name, "td%ld.example", self->runs % 100);
        self->wrong += attestor_store_put(self->store, ATTESTOR_SOURCE_TRUST_DOMAIN, name, (size_t)len,
                                          ATTESTOR_FORMAT_SPIFFE_BUNDLE, self->setup->bundle.ptr,
                                          self->setup->bundle.len, NULL, CLOCK, NULL) != ATTESTOR_OK;
        if (self->runs % 3 == 0)
            self->wrong += attestor_store_remove(self->store, ATTESTOR_SOURCE_TRUST_DOMAIN, name, (size_t)len,
                                                 NULL) != ATTESTOR_OK;
        self->runs++;
    } while (!is_over());
    return NULL;
}

/* Replaces the very slot that is read, by the same keys. */
static void *feed_our_domain(void *context)
{
    struct worker *self = context;
    do {
        self->wrong += force_bundle(self->setup) != ATTESTOR_OK;
        self->runs++;
    } while (!is_over());
    return NULL;
}

/* Takes and gives up references, and makes verifiers and results of its own. */
static void *come_and_go(void *context)
{
    struct worker *self = context;
    do {
        attestor_slot_info info = attestor_slot_info_default();
        attestor_store *store = attestor_store_ref(self->store);
        attestor_verifier *shared = attestor_verifier_ref(self->verifier), *own = NULL;
        attestor_result *result = NULL;
        attestor_request request = setup_request(self->setup);
        attestor_status told = jwt_slot(store, &info);
        self->wrong += told != ATTESTOR_OK && told != ATTESTOR_BUNDLE_UNAVAILABLE;
        self->wrong += new_verifier(store, POLICY, &own, NULL) != ATTESTOR_OK;
        self->wrong += attestor_result_new(&result, NULL) != ATTESTOR_OK;
        attestor_store_free(store);
        self->wrong += attestor_verify(own, &request, result, NULL, NULL) == ATTESTOR_AUDIENCE_MISMATCH;
        attestor_verifier_free(own);
        self->wrong += attestor_status_class(attestor_verify(shared, &request, result, NULL, NULL)) ==
                       ATTESTOR_CLASS_MISUSE;
        attestor_verifier_free(shared);
        attestor_result_free(result);
        self->runs++;
    } while (!is_over());
    return NULL;
}

/* Goes through the changes; each state lasts until enough verifications have seen nothing else. */
static long change(const struct setup *setup)
{
    long refused = 0;
    for (long i = 0; i < rounds * CHANGES; i++) {
        step_on();
        refused += changes[i % CHANGES].make(setup) != ATTESTOR_OK;
        step_on();
        settle(QUOTA);
    }
    be_over();
    return refused;
}

static void begin(struct worker *worker, const struct setup *setup, void *(*work)(void *))
{
    *worker = (struct worker){.setup = setup,
                              .store = attestor_store_ref(setup->store),
                              .verifier = attestor_verifier_ref(setup->verifier)};
    test_need(pthread_create(&worker->thread, NULL, work, worker) == 0, "a thread");
}

static void end(struct worker *worker)
{
    CHECK(pthread_join(worker->thread, NULL) == 0);
    CHECK(worker->wrong == 0);
    CHECK(worker->runs > 0);
    attestor_verifier_free(worker->verifier);
    attestor_store_free(worker->store);
}

static void restart(void)
{
    stage.step = 0;
    stage.done = 0;
}

static void every_verdict_is_of_its_moment(void)
{
    struct setup setup = setup_new();
    struct worker verifiers[VERIFIERS], feeder, visitor;
    restart();
    for (int i = 0; i < VERIFIERS; i++) begin(&verifiers[i], &setup, verify_all_the_time);
    begin(&feeder, &setup, feed_other_domains);
    begin(&visitor, &setup, come_and_go);
    CHECK(change(&setup) == 0);
    for (int i = 0; i < VERIFIERS; i++) end(&verifiers[i]);
    end(&feeder);
    end(&visitor);
    CHECK_STATUS(setup_verify(&setup, NULL), ATTESTOR_OK);
    setup_free(&setup);
}

static void handles_outlive_whoever_made_them(void)
{
    struct setup setup = setup_new(), shell = setup;
    struct worker verifiers[VERIFIERS];
    restart();
    for (int i = 0; i < VERIFIERS; i++) begin(&verifiers[i], &shell, verify_all_the_time);
    attestor_store_free(setup.store);
    attestor_verifier_free(setup.verifier);
    setup.store = NULL;
    setup.verifier = NULL;
    settle(VERIFIERS * QUOTA);
    be_over();
    for (int i = 0; i < VERIFIERS; i++) end(&verifiers[i]);
    setup_free(&setup);
}

/* A child of a process whose other thread was in the middle of a put: no lock may be left behind for it. */
static void a_forked_child_can_verify(void)
{
    enum { SECONDS = 60 };
    struct setup setup = setup_new();
    struct worker feeder;
    restart();
    /* A warm result: what the child does then allocates nothing, and leaves alone an allocator that the feeder may
     * have held at the fork. */
    CHECK_STATUS(setup_verify(&setup, NULL), ATTESTOR_OK);
    begin(&feeder, &setup, feed_our_domain);
    for (int i = 0; i < FORKS; i++) {
        pid_t child = fork();
        test_need(child >= 0, "a process");
        if (child == 0) {
            alarm(SECONDS); /* a deadlock ends as a signal */
            const char *end = setup_verify(&setup, NULL) == ATTESTOR_OK ? "true" : "false";
            /* Not _exit: what the feeder held at the fork is no leak, and valgrind would look for one. */
            execlp(end, end, (char *)NULL);
            abort();
        }
        int how = -1;
        CHECK(waitpid(child, &how, 0) == child);
        CHECK(WIFEXITED(how) && WEXITSTATUS(how) == 0);
    }
    be_over();
    end(&feeder);
    setup_free(&setup);
}

int main(int argc, char **argv)
{
    if (argc > 1) rounds = strtol(argv[1], NULL, 10);
    test_need(rounds > 0, "at least one round");
    RUN(every_verdict_is_of_its_moment);
    RUN(handles_outlive_whoever_made_them);
    RUN(a_forked_child_can_verify);
    return test_end("threads");
}
