/* What the programs of every language share, in C: tokens, and the protocol by which they are measured. */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>

/* A file's bytes, and a NUL after them that does not count. */
struct text {
    char *data;
    size_t len;
};

enum { VALID, BAD_SIGNATURE, UNKNOWN_KID, EXPIRED, TOKENS };

extern const char *const token_names[TOKENS];

/* The tokens and keys of one algorithm. */
struct material {
    const char *algorithm; /* the folder's name; RSA is of 2048 bits unless it says more */
    bool of_svids;         /* else of an OIDC issuer */
    struct text tokens[TOKENS];
    struct text bundle, policy, jwk, pem;
};

/* Who is who: as the program that made the tokens has it. */
#define TRUST_DOMAIN "prod.example.org"
#define ISSUER "https://oidc.prod.example.org"
#define AUDIENCE "spiffe://prod.example.org/ns/orders/sa/api"
#define KID "Q3Jk0VtJ8mXwZ5uYb2RnLc7EhUsDgPaO"

/* Judges a token. */
typedef bool check_fn(void *state, const struct text *token);

/* A library in one state. `open` gives NULL and says why if it has not the algorithm. */
struct library {
    const char *name;  /* what the results call it */
    const char *state; /* "" or what stands between algorithm and token */
    const char *(*version)(void);
    void *(*open)(const struct material *material, const char **why);
    check_fn *check;
    bool looks_up;  /* it finds the key by the token's `kid` */
    bool good_only; /* refusals are not timed */
};

extern const struct library attestor_warm, attestor_cached;
#ifdef HAVE_CJOSE
extern const struct library with_cjose;
#endif
#ifdef HAVE_LIBJWT
extern const struct library with_libjwt;
#endif

#endif
