/* Runs the shared corpus: every case's verdict, reason, authentication and identity, and with
 * ATTESTOR_VERDICTS a file of them, to be compared with the other languages'. */
#include "test.h"

#include <stdio.h>

enum column {
    ID,
    RULE,
    NOW,
    POLICY,
    BUNDLES,
    CREDENTIAL,
    VERDICT,
    REASON,
    IS_AUTHENTICATED,
    IDENTITY,
    REQUEST, /* may be left out of the corpus */
    COLUMNS
};

static const char *const names[COLUMNS] = {"id",      "rule",   "now",           "policy",   "bundles", "credential",
                                           "verdict", "reason", "authenticated", "identity", "request"};

/* What a case came to; `identity` holds only what the summary showed. */
struct outcome {
    attestor_status status;
    int authenticated;
    char identity[2049];
};

static const char *folder(void)
{
    const char *set = getenv("ATTESTOR_VECTORS");
    return set == NULL || *set == '\0' ? "../vectors" : set;
}

static struct bytes corpus_file(const char *kind, const char *name)
{
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/%s%s%s", folder(), kind, *kind == '\0' ? "" : "/", name);
    test_need(len > 0 && (size_t)len < sizeof path, name);
    return bytes_of_file(path);
}

/* Cuts `text` at every `separator`; returns the number of parts, of which at most `cap` are kept. */
static int cut(char *text, char separator, char **parts, int cap)
{
    int count = 0;
    for (char *next = text; next != NULL; count++) {
        char *part = next;
        next = strchr(part, separator);
        if (next != NULL) *next++ = '\0';
        if (count < cap) parts[count] = part;
    }
    return count;
}

static uint32_t format_named(const char *name)
{
    static const struct {
        const char *name;
        uint32_t format;
    } formats[] = {
        {"spiffe_bundle", ATTESTOR_FORMAT_SPIFFE_BUNDLE},   {"workload_api_jwks", ATTESTOR_FORMAT_WORKLOAD_API_JWKS},
        {"jwks", ATTESTOR_FORMAT_JWKS},                     {"public_key_pem", ATTESTOR_FORMAT_PUBLIC_KEY_PEM},
        {"x509_pem", ATTESTOR_FORMAT_X509_PEM},             {"x509_der", ATTESTOR_FORMAT_X509_DER},
    };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(name, formats[i].name) == 0) return formats[i].format;
    test_need(0, "a known bundle format");
    return 0;
}

static int begins(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* Puts one `NAME=FORMAT=FILE`; cut from the right, since a name may hold anything. `https://` and `issuer:` begin
 * the name of an issuer, of which the latter is no part. */
static attestor_status put(attestor_store *store, char *item, int64_t now)
{
    char *file = strrchr(item, '=');
    test_need(file != NULL, "a bundle item's file");
    *file++ = '\0';
    char *format = strrchr(item, '=');
    test_need(format != NULL, "a bundle item's format");
    *format++ = '\0';
    int marked = begins(item, "issuer:");
    uint32_t kind = marked || begins(item, "https://") ? ATTESTOR_SOURCE_ISSUER : ATTESTOR_SOURCE_TRUST_DOMAIN;
    const char *name = marked ? item + strlen("issuer:") : item;
    struct bytes document = corpus_file("bundles", file);
    attestor_status status = attestor_store_put(store, kind, name, strlen(name), format_named(format), document.ptr,
                                                document.len, NULL, now, NULL);
    bytes_free(&document);
    return status;
}

/* Puts the bundles in order. A put marked `?` must fail, and its failure is no matter. */
static attestor_status put_all(attestor_store *store, char *bundles, int64_t now, const char *id)
{
    char *items[64];
    int count = strcmp(bundles, "-") == 0 ? 0 : cut(bundles, ',', items, 64);
    test_need(count <= 64, "a corpus of at most 64 bundles a case");
    for (int i = 0; i < count; i++) {
        int refused = items[i][0] == '?';
        attestor_status status = put(store, items[i] + refused, now);
        if (refused && status == ATTESTOR_OK) {
            fprintf(stderr, "%s: the put of item %d was taken\n", id, i);
            return ATTESTOR_INTERNAL_ERROR;
        }
        if (!refused && status != ATTESTOR_OK) return status;
    }
    return ATTESTOR_OK;
}

/* Asks what the `request` column says; the views are into it. */
static void ask(attestor_request *request, char *options)
{
    char *items[8];
    int count = strcmp(options, "-") == 0 ? 0 : cut(options, ';', items, 8);
    test_need(count <= 8, "a corpus of at most 8 options a request");
    for (int i = 0; i < count; i++) {
        char *value = strchr(items[i], '=');
        test_need(value != NULL, "an option's value");
        *value++ = '\0';
        if (strcmp(items[i], "nonce") == 0) {
            request->nonce = value;
            request->nonce_len = strlen(value);
        } else if (strcmp(items[i], "access_token") == 0) {
            request->access_token = (const uint8_t *)value;
            request->access_token_len = strlen(value);
        } else {
            test_need(strcmp(items[i], "max_age") == 0, "a known option");
            request->max_age_secs = strtoull(value, NULL, 10);
        }
    }
}

static attestor_status verify(const attestor_verifier *verifier, attestor_result *result, char **column, int64_t now,
                              struct outcome *outcome)
{
    struct bytes token = corpus_file("credentials", column[CREDENTIAL]);
    attestor_request request = attestor_request_default(token.ptr, token.len);
    request.now = now;
    ask(&request, column[REQUEST]);
    attestor_summary summary = attestor_summary_default();
    attestor_status status = attestor_verify(verifier, &request, result, &summary, NULL);
    bytes_free(&token);
    test_need(summary.code == status, "a summary that says what the call returned");
    test_need(summary.identity.len < sizeof outcome->identity, "an identity of at most 2048 bytes");
    /* An identity is of a trust domain or of an issuer, and a refusal is of neither. */
    test_need((summary.trust_domain.ptr != NULL) + (summary.issuer.ptr != NULL) == (status == ATTESTOR_OK),
              "an identity of one kind");
    test_need((summary.issuer.ptr != NULL) == (summary.identity.len > 5 && begins(summary.identity.ptr, "oidc:")),
              "an issuer for OIDC");
    if (summary.identity.len > 0) memcpy(outcome->identity, summary.identity.ptr, summary.identity.len);
    outcome->authenticated = (summary.flags & ATTESTOR_AUTHENTICATED) != 0;
    return status;
}

/* The first step that fails gives the verdict. */
static struct outcome judge(char **column, attestor_result *result)
{
    struct outcome outcome = {ATTESTOR_OK, 0, ""};
    int64_t now = strtoll(column[NOW], NULL, 10);
    attestor_store *store = NULL;
    attestor_verifier *verifier = NULL;
    outcome.status = attestor_store_new(NULL, &store, NULL);
    if (outcome.status == ATTESTOR_OK) outcome.status = put_all(store, column[BUNDLES], now, column[ID]);
    if (outcome.status == ATTESTOR_OK) {
        struct bytes policy = corpus_file("policies", column[POLICY]);
        outcome.status = attestor_verifier_new(store, (const char *)policy.ptr, policy.len, NULL, &verifier, NULL);
        bytes_free(&policy);
    }
    if (outcome.status == ATTESTOR_OK)
        outcome.status = verify(verifier, result, column, now, &outcome);
    attestor_verifier_free(verifier);
    attestor_store_free(store);
    return outcome;
}

static const char *class_name(attestor_status status)
{
    switch (attestor_status_class(status)) {
    case ATTESTOR_CLASS_ALLOW: return "allow";
    case ATTESTOR_CLASS_DENY: return "deny";
    case ATTESTOR_CLASS_UNAVAILABLE: return "unavailable";
    default: return "misuse";
    }
}

static void run_case(char **column, attestor_result *result, FILE *verdicts)
{
    char got[4096], wanted[4096];
    snprintf(wanted, sizeof wanted, "%s\t%s\t%s\t%s\t%s", column[ID], column[VERDICT], column[REASON],
             column[IS_AUTHENTICATED], column[IDENTITY]);
    struct outcome outcome = judge(column, result);
    snprintf(got, sizeof got, "%s\t%s\t%s\t%d\t%s", column[ID], class_name(outcome.status),
             attestor_status_slug(outcome.status), outcome.authenticated,
             outcome.identity[0] == '\0' ? "-" : outcome.identity);
    if (verdicts != NULL) fprintf(verdicts, "%s\n", got);
    int same = strcmp(got, wanted) == 0;
    if (!same) fprintf(stderr, "FAILED %s (%s)\n  wanted %s\n  got    %s\n", column[ID], column[RULE], wanted, got);
    test_count(same);
}

static FILE *open_verdicts(void)
{
    const char *path = getenv("ATTESTOR_VERDICTS");
    if (path == NULL || *path == '\0') return NULL;
    FILE *file = fopen(path, "w");
    test_need(file != NULL, path);
    return file;
}

int main(void)
{
    struct bytes file = corpus_file("", "cases.tsv");
    FILE *verdicts = open_verdicts();
    attestor_result *result = NULL;
    test_need(attestor_result_new(&result, NULL) == ATTESTOR_OK, "a result");

    char *line = (char *)file.ptr, *past = line + file.len, *column[COLUMNS], none[] = "-";
    int columns = 0;
    for (int number = 0; line < past; number++) {
        char *end = memchr(line, '\n', (size_t)(past - line));
        test_need(end != NULL, "a corpus whose lines all end");
        *end = '\0';
        int count = cut(line, '\t', column, COLUMNS);
        if (number == 0) columns = count;
        test_need(count == columns && (count == REQUEST || count == COLUMNS), "ten or eleven columns a line");
        for (int i = 0; number == 0 && i < count; i++) test_need(strcmp(column[i], names[i]) == 0, names[i]);
        if (count == REQUEST) column[REQUEST] = none;
        if (number > 0) run_case(column, result, verdicts);
        line = end + 1;
    }
    attestor_result_free(result);
    if (verdicts != NULL) test_need(fclose(verdicts) == 0, "the verdicts written");
    bytes_free(&file);
    return test_end("vectors");
}
