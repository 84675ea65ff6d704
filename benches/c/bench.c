/* bench FOLDER RESULT [--quick]: attestor and its C peers on the same tokens.
 *
 * Cases take turns in rounds, a short batch each; minimum and median over the rounds. */
#define _POSIX_C_SOURCE 200809L
#include "bench.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { QUICK_ROUNDS = 20, FULL_ROUNDS = 150, MOST_CASES = 256 };

/* Nanoseconds that one batch is to last, and that a case runs before it is measured. */
static const double batch_time = 400e3, warm_time = 5e6;

const char *const token_names[TOKENS] = { "valid", "bad-signature", "unknown-kid", "expired" };

static const char *const algorithms[] = { "ES256",      "ES384",      "ES512", "RS256",
                                          "RS256-3072", "RS256-4096", "PS256", "EdDSA" };

static const struct library *const libraries[] = {
    &attestor_warm, &attestor_cached,
#ifdef HAVE_CJOSE
    &with_cjose,
#endif
#ifdef HAVE_LIBJWT
    &with_libjwt,
#endif
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct bench_case {
    char name[96];
    const struct library *library;
    void *state;
    const struct text *token;
    bool expected;
    size_t calls;
    double *rounds;
};

static struct bench_case cases[MOST_CASES];
static size_t case_count;

static _Noreturn void fail(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(1);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void *allocated(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL) fail("memory", "none left");
    return memory;
}

static struct text read_file(const char *folder, const char *algorithm, const char *name)
{
    char path[1024];
    struct text text = { allocated(65536), 0 };
    snprintf(path, sizeof path, "%s/%s/%s", folder, algorithm, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) fail(path, "cannot be read");
    text.len = fread(text.data, 1, 65535, file);
    fclose(file);
    return text;
}

static struct material *read_material(const char *folder, const char *algorithm)
{
    struct material *material = allocated(sizeof *material);
    material->algorithm = algorithm;
    material->of_svids = strcmp(algorithm, "EdDSA") != 0;
    for (size_t token = 0; token < TOKENS; token++) {
        char name[64];
        snprintf(name, sizeof name, "%s.jwt", token_names[token]);
        material->tokens[token] = read_file(folder, algorithm, name);
    }
    material->bundle = read_file(folder, algorithm, "bundle.json");
    material->policy = read_file(folder, algorithm, "policy.json");
    material->jwk = read_file(folder, algorithm, "key.jwk");
    material->pem = read_file(folder, algorithm, "public.pem");
    return material;
}

static bool run(const struct bench_case *c)
{
    return c->library->check(c->state, c->token);
}

/* A library's cases: it must accept the good token and refuse the others. */
static void add_cases(const struct library *library, const struct material *material, FILE *absent)
{
    const char *why = NULL;
    void *state = library->open(material, &why);
    if (state == NULL) {
        fprintf(absent, "%s\"%s/%s/valid\": \"%s\"", ftell(absent) > 0 ? ", " : "", library->name,
                material->algorithm, why);
        return;
    }
    for (size_t token = 0; token < TOKENS; token++) {
        if ((token == UNKNOWN_KID && !library->looks_up) || (token != VALID && library->good_only)) continue;
        if (case_count == MOST_CASES) fail("cases", "too many");
        struct bench_case *c = &cases[case_count++];
        snprintf(c->name, sizeof c->name, "%s/%s/%s%s", library->name, material->algorithm, library->state,
                 token_names[token]);
        c->library = library;
        c->state = state;
        c->token = &material->tokens[token];
        c->expected = token == VALID;
    }
}

/* Warms a case up, and finds out how many calls make a batch. */
static void prepare(struct bench_case *c, size_t rounds)
{
    double start = now();
    size_t calls = 0;
    while (calls == 0 || now() - start < warm_time) {
        if (run(c) != c->expected) fail(c->name, "not the verdict that was expected");
        calls++;
    }
    c->calls = (size_t)(batch_time * (double)calls / (now() - start));
    if (c->calls == 0) c->calls = 1;
    c->rounds = allocated(rounds * sizeof *c->rounds);
}

static void batch(struct bench_case *c, size_t round)
{
    /* The first call finds the caches as the case before left them. */
    bool as_expected = run(c) == c->expected;
    double start = now();
    for (size_t call = 0; call < c->calls; call++)
        as_expected &= run(c) == c->expected;
    c->rounds[round] = (now() - start) / (double)c->calls;
    if (!as_expected) fail(c->name, "another verdict");
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void write_result(const char *path, size_t rounds, const char *absent)
{
    FILE *out = fopen(path, "w");
    if (out == NULL) fail(path, "cannot be written");
    fprintf(out, "{\"language\": \"c\", \"figures\": {}, \"kernels\": {}, \"versions\": {");
    for (size_t at = 0; at < COUNT(libraries); at++)
        fprintf(out, "%s\"%s\": \"%s\"", at > 0 ? ", " : "", libraries[at]->name, libraries[at]->version());
    fprintf(out, "}, \"absent\": {%s}, \"timings\": {", absent);
    for (size_t at = 0; at < case_count; at++) {
        struct bench_case *c = &cases[at];
        qsort(c->rounds, rounds, sizeof *c->rounds, by_size);
        fprintf(out, "%s\"%s\": {\"min\": %.1f, \"median\": %.1f}", at > 0 ? ", " : "", c->name, c->rounds[0],
                c->rounds[rounds / 2]);
    }
    fprintf(out, "}}\n");
    if (fclose(out) != 0) fail(path, "cannot be written");
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4 || (argc == 4 && strcmp(argv[3], "--quick") != 0)) {
        fprintf(stderr, "usage: bench FOLDER RESULT [--quick]\n");
        return 3;
    }
    size_t rounds = argc == 4 ? QUICK_ROUNDS : FULL_ROUNDS;
    char *absent = NULL;
    size_t absent_len = 0;
    FILE *reasons = open_memstream(&absent, &absent_len);
    if (reasons == NULL) fail("memory", "none left");
    for (size_t at = 0; at < COUNT(algorithms); at++) {
        const struct material *material = read_material(argv[1], algorithms[at]);
        for (size_t library = 0; library < COUNT(libraries); library++)
            add_cases(libraries[library], material, reasons);
    }
    fclose(reasons);
    for (size_t at = 0; at < case_count; at++)
        prepare(&cases[at], rounds);
    for (size_t round = 0; round < rounds; round++)
        for (size_t at = 0; at < case_count; at++)
            batch(&cases[at], round);
    write_result(argv[2], rounds, absent);
    return 0;
}
