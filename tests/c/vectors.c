/* Runs the shared corpus: every case's verdict, reason, authentication, identity, evidence and shadow verdict, and
 * with ATTESTOR_VERDICTS a file of them, to be compared with the other languages'. */
#include "sha256.h"
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
    REQUEST,
    EVIDENCE, /* may be left out of the corpus */
    SHADOW,   /* likewise */
    COLUMNS
};

static const char *const names[COLUMNS] = {"id",       "rule",    "now",    "policy",        "bundles",
                                           "credential", "verdict", "reason", "authenticated", "identity",
                                           "request",  "evidence", "shadow"};

/* What a case came to; texts hold only what the summary showed and are empty for what it did not. */
struct outcome {
    attestor_status status;
    int authenticated;
    char identity[2049];
    char internal_identity[2049];
    char policies[4096];
    char shadow[64];
    uint8_t evidence[1 << 16];
    size_t evidence_len;
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
        {"bundle_map", ATTESTOR_FORMAT_BUNDLE_MAP},         {"x509_crl", ATTESTOR_FORMAT_X509_CRL},
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

/* One option of a put. */
static void put_option(attestor_put_options *options, int64_t *now, const char *name, const char *value)
{
    if (strcmp(name, "force") == 0) options->flags |= ATTESTOR_PUT_FORCE;
    else if (strcmp(name, "permanent") == 0) options->flags |= ATTESTOR_PUT_PERMANENT;
    else if (value != NULL && strcmp(name, "ago") == 0) *now -= strtoll(value, NULL, 10);
    else if (value != NULL && strcmp(name, "feed") == 0) options->feed = strtoull(value, NULL, 10);
    else {
        test_need(value != NULL && strcmp(name, "max_age") == 0, "a known option of a put");
        options->max_age_secs = strtoull(value, NULL, 10);
    }
}

/* Takes `@OPTIONS@` off the item, if it begins with it; returns the rest. */
static char *take_put_options(char *item, attestor_put_options *options, int64_t *now)
{
    if (*item != '@') return item;
    char *rest = strchr(item + 1, '@'), *part[8];
    test_need(rest != NULL, "the end of a put's options");
    *rest++ = '\0';
    int count = cut(item + 1, ';', part, 8);
    test_need(count <= 8, "a corpus of at most 8 options a put");
    for (int i = 0; i < count; i++) {
        char *value = strchr(part[i], '=');
        if (value != NULL) *value++ = '\0';
        put_option(options, now, part[i], value);
    }
    return rest;
}

/* Puts one `NAME=FORMAT=FILE`; cut from the right, since a name may hold anything. `https://` and `issuer:` begin
 * the name of an issuer, of which the latter is no part. */
static attestor_status put(attestor_store *store, char *item, int64_t now)
{
    attestor_put_options options = ATTESTOR_PUT_OPTIONS_INIT;
    item = take_put_options(item, &options, &now);
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
                                                document.len, &options, now, NULL);
    bytes_free(&document);
    return status;
}

static int nibble(char digit)
{
    const char *const digits = "0123456789abcdef";
    const char *at = strchr(digits, digit >= 'A' && digit <= 'F' ? digit + 32 : digit);
    test_need(digit != '\0' && at != NULL, "hexadecimal digits");
    return (int)(at - digits);
}

/* Decodes pairs of digits in place; returns the number of bytes. */
static size_t unhex(char *text)
{
    size_t len = strlen(text) / 2;
    for (size_t i = 0; i < len; i++) text[i] = (char)(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
    return len;
}

/* Decodes `%2F` and the like in place. */
static char *unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; to++) {
        int escaped = *from == '%';
        if (escaped) *to = (char)(unsigned char)(nibble(from[1]) << 4 | nibble(from[2]));
        else *to = *from;
        from += escaped ? 3 : 1;
    }
    *to = '\0';
    return text;
}

static uint32_t place_of(const char *const *table, uint32_t count, const char *name, const char *what)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(table[i], name) == 0) return i + 1;
    test_need(0, what);
    return 0;
}

/* Adds `KIND/SOURCE/FIELD/VALUE` to the deny overlay. */
static attestor_status deny(attestor_store *store, char *item, int64_t now)
{
    static const char *const kinds[] = {"trust_domain", "issuer", "native"};
    static const char *const fields[] = {"sub",         "jti",         "kid",    "key_thumbprint",
                                         "x509_serial", "spki_sha256", "pod_uid"};
    char *part[4];
    test_need(cut(item, '/', part, 4) == 4, "a denial's four parts");
    attestor_deny_entry entry = attestor_deny_entry_default();
    entry.kind = place_of(kinds, ATTESTOR_DENY_KIND_NATIVE, part[0], "a known kind of denial");
    entry.source = unescape(part[1]);
    entry.source_len = strlen(part[1]);
    entry.field = place_of(fields, ATTESTOR_DENY_FIELD_POD_UID, part[2], "a known field of a denial");
    entry.value = unescape(part[3]);
    entry.value_len = strlen(part[3]);
    return attestor_store_deny(store, &entry, now, NULL);
}

/* Does the puts and denials in order. A put marked `?` must fail, and its failure is no matter. A policy marked `~`
 * is left for later: `shadow` is then its file. */
static attestor_status put_all(attestor_store *store, char *bundles, int64_t now, const char *id, const char **shadow)
{
    char *items[64];
    int count = strcmp(bundles, "-") == 0 ? 0 : cut(bundles, ',', items, 64);
    test_need(count <= 64, "a corpus of at most 64 bundles a case");
    for (int i = 0; i < count; i++) {
        if (items[i][0] == '~') {
            *shadow = items[i] + 1;
            continue;
        }
        int refused = items[i][0] == '?', denial = items[i][0] == '!';
        attestor_status status = denial ? deny(store, items[i] + 1, now) : put(store, items[i] + refused, now);
        if (refused && status == ATTESTOR_OK) {
            fprintf(stderr, "%s: the put of item %d was taken\n", id, i);
            return ATTESTOR_INTERNAL_ERROR;
        }
        if (!refused && status != ATTESTOR_OK) return status;
    }
    return ATTESTOR_OK;
}

/* One question, and the files it is made of. */
struct question {
    attestor_request request;
    int admit;
    struct bytes credential, passport, chain, proof, peer_certificate;
};

static void attach(struct bytes *kept, const char *file, const uint8_t **ptr, size_t *len)
{
    *kept = corpus_file("credentials", file);
    *ptr = kept->ptr;
    *len = kept->len;
}

static void attach_text(char *value, const char **ptr, size_t *len)
{
    *ptr = value;
    *len = strlen(value);
}

/* One option of the `request` column; views of texts are into it. */
static void ask_option(struct question *q, const char *name, char *value)
{
    attestor_request *r = &q->request;
    if (strcmp(name, "admit") == 0) {
        q->admit = 1;
        return;
    }
    test_need(value != NULL, "an option's value");
    if (strcmp(name, "nonce") == 0) attach_text(value, &r->nonce, &r->nonce_len);
    else if (strcmp(name, "attestor") == 0) attach_text(value, &r->attestor_id, &r->attestor_id_len);
    else if (strcmp(name, "audience") == 0) attach_text(value, &r->audience, &r->audience_len);
    else if (strcmp(name, "passport") == 0) attach(&q->passport, value, &r->passport, &r->passport_len);
    else if (strcmp(name, "chain") == 0) attach(&q->chain, value, &r->chain, &r->chain_len);
    else if (strcmp(name, "proof") == 0) attach(&q->proof, value, &r->proof, &r->proof_len);
    else if (strcmp(name, "peer_certificate") == 0)
        attach(&q->peer_certificate, value, &r->peer_certificate, &r->peer_certificate_len);
    else if (strcmp(name, "access_token") == 0) {
        r->access_token = (const uint8_t *)value;
        r->access_token_len = strlen(value);
    } else if (strcmp(name, "challenge") == 0) {
        r->challenge = (const uint8_t *)value;
        r->challenge_len = unhex(value);
    } else if (strcmp(name, "possession") == 0) {
        static const char *const proofs[] = {"tls", "challenge"};
        r->possession = place_of(proofs, ATTESTOR_POSSESSION_SIGNED_CHALLENGE, value, "a known proof of possession");
    } else {
        test_need(strcmp(name, "max_age") == 0, "a known option");
        r->max_age_secs = strtoull(value, NULL, 10);
    }
}

static struct question question_of(char **column, int64_t now)
{
    struct question q = {attestor_request_default(NULL, 0), 0, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    q.request.now = now;
    if (strcmp(column[CREDENTIAL], "-") != 0)
        attach(&q.credential, column[CREDENTIAL], &q.request.credential, &q.request.credential_len);
    char *items[16];
    int count = strcmp(column[REQUEST], "-") == 0 ? 0 : cut(column[REQUEST], ';', items, 16);
    test_need(count <= 16, "a corpus of at most 16 options a request");
    for (int i = 0; i < count; i++) {
        char *value = strchr(items[i], '=');
        if (value != NULL) *value++ = '\0';
        ask_option(&q, items[i], value);
    }
    return q;
}

static void question_free(struct question *q)
{
    bytes_free(&q->credential);
    bytes_free(&q->passport);
    bytes_free(&q->chain);
    bytes_free(&q->proof);
    bytes_free(&q->peer_certificate);
}

static void keep(char *to, size_t cap, attestor_str view)
{
    test_need(view.len < cap, "texts of a usual length");
    if (view.len > 0) memcpy(to, view.ptr, view.len);
    to[view.len] = '\0';
}

/* An identity is of a trust domain, of an issuer or of a passport's key, and a refusal is of none. */
static void check_kind(const attestor_summary *summary, attestor_status status)
{
    int domain = summary->trust_domain.ptr != NULL, issuer = summary->issuer.ptr != NULL;
    int alone = status == ATTESTOR_OK && summary->credential_kind == ATTESTOR_CREDENTIAL_PASSPORT;
    test_need(domain + issuer + alone == (status == ATTESTOR_OK), "an identity of one kind");
    test_need(issuer == (summary->identity.len > 5 && begins(summary->identity.ptr, "oidc:")), "an issuer for OIDC");
    test_need((summary->identity.ptr != NULL) == (status == ATTESTOR_OK), "an identity of an allow only");
    test_need(status == ATTESTOR_OK || (summary->internal_identity.ptr == NULL && summary->policies == 0),
              "a grant of an allow only");
}

static void keep_grant(const attestor_result *result, const attestor_summary *summary, struct outcome *outcome)
{
    keep(outcome->identity, sizeof outcome->identity, summary->identity);
    keep(outcome->internal_identity, sizeof outcome->internal_identity, summary->internal_identity);
    size_t at = 0;
    for (uint64_t i = 0; i < summary->policies; i++) {
        attestor_str policy = {NULL, 0};
        test_need(attestor_result_policy(result, i, &policy, NULL) == ATTESTOR_OK, "every policy of the grant");
        if (i > 0) outcome->policies[at++] = ',';
        keep(outcome->policies + at, sizeof outcome->policies - at - 1, policy);
        at += policy.len;
    }
    if ((summary->flags & ATTESTOR_SHADOWED) != 0) {
        const char *slug = summary->shadow_code == ATTESTOR_OK ? "ok" : attestor_status_slug(summary->shadow_code);
        snprintf(outcome->shadow, sizeof outcome->shadow, "%s", slug);
    }
    if (attestor_result_evidence(result, outcome->evidence, sizeof outcome->evidence, &outcome->evidence_len, NULL) !=
        ATTESTOR_OK)
        outcome->evidence_len = 0;
}

static attestor_status verify(const attestor_verifier *verifier, attestor_result *result, char **column, int64_t now,
                              struct outcome *outcome)
{
    struct question q = question_of(column, now);
    attestor_summary summary = attestor_summary_default();
    attestor_status status = q.admit ? attestor_admit(verifier, &q.request, result, &summary, NULL)
                                     : attestor_verify(verifier, &q.request, result, &summary, NULL);
    question_free(&q);
    test_need(summary.code == status, "a summary that says what the call returned");
    check_kind(&summary, status);
    keep_grant(result, &summary, outcome);
    outcome->authenticated = (summary.flags & ATTESTOR_AUTHENTICATED) != 0;
    return status;
}

static attestor_status set_shadow(attestor_verifier *verifier, const char *file)
{
    if (file == NULL) return ATTESTOR_OK;
    struct bytes policy = corpus_file("policies", file);
    attestor_status status =
        attestor_verifier_set_shadow_policy(verifier, (const char *)policy.ptr, policy.len, NULL);
    bytes_free(&policy);
    return status;
}

/* The first step that fails gives the verdict. */
static void judge(char **column, attestor_result *result, struct outcome *outcome)
{
    memset(outcome, 0, sizeof *outcome);
    int64_t now = strtoll(column[NOW], NULL, 10);
    const char *shadow = NULL;
    attestor_store *store = NULL;
    attestor_verifier *verifier = NULL;
    attestor_status status = attestor_store_new(NULL, &store, NULL);
    if (status == ATTESTOR_OK) status = put_all(store, column[BUNDLES], now, column[ID], &shadow);
    if (status == ATTESTOR_OK) {
        struct bytes policy = corpus_file("policies", column[POLICY]);
        status = attestor_verifier_new(store, (const char *)policy.ptr, policy.len, NULL, &verifier, NULL);
        bytes_free(&policy);
    }
    if (status == ATTESTOR_OK) status = set_shadow(verifier, shadow);
    if (status == ATTESTOR_OK) status = verify(verifier, result, column, now, outcome);
    outcome->status = status;
    attestor_verifier_free(verifier);
    attestor_store_free(store);
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

static const char *or_dash(const char *text)
{
    return *text == '\0' ? "-" : text;
}

/* Whether the evidence is that of the case, if it says. */
static int evidence_is(const char *file, const struct outcome *outcome)
{
    if (strcmp(file, "-") == 0) return 1;
    struct bytes wanted = corpus_file("evidence", file);
    int same = wanted.len == outcome->evidence_len && memcmp(wanted.ptr, outcome->evidence, wanted.len) == 0;
    if (!same) fprintf(stderr, "evidence: %.*s\n", (int)outcome->evidence_len, (const char *)outcome->evidence);
    bytes_free(&wanted);
    return same;
}

/* The verdict and, for the other languages to compare, the grant and the evidence. */
static void write_verdict(FILE *verdicts, const char *verdict, const struct outcome *outcome)
{
    char digest[65] = "-";
    if (attestor_status_class(outcome->status) != ATTESTOR_CLASS_MISUSE)
        sha256_hex(outcome->evidence, outcome->evidence_len, digest);
    fprintf(verdicts, "%s\t%s\t%s\t%s\n", verdict, or_dash(outcome->internal_identity), or_dash(outcome->policies),
            digest);
}

static void run_case(char **column, attestor_result *result, FILE *verdicts)
{
    static struct outcome outcome;
    char got[4096], wanted[4096];
    snprintf(wanted, sizeof wanted, "%s\t%s\t%s\t%s\t%s", column[ID], column[VERDICT], column[REASON],
             column[IS_AUTHENTICATED], column[IDENTITY]);
    judge(column, result, &outcome);
    snprintf(got, sizeof got, "%s\t%s\t%s\t%d\t%s", column[ID], class_name(outcome.status),
             attestor_status_slug(outcome.status), outcome.authenticated, or_dash(outcome.identity));
    if (verdicts != NULL) write_verdict(verdicts, got, &outcome);
    int same = strcmp(got, wanted) == 0 && evidence_is(column[EVIDENCE], &outcome) &&
               strcmp(or_dash(outcome.shadow), column[SHADOW]) == 0;
    if (!same)
        fprintf(stderr, "FAILED %s (%s)\n  wanted %s, shadow %s\n  got    %s, shadow %s\n", column[ID], column[RULE],
                wanted, column[SHADOW], got, or_dash(outcome.shadow));
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
        test_need(count == columns && count > REQUEST && count <= COLUMNS, "eleven to thirteen columns a line");
        for (int i = 0; number == 0 && i < count; i++) test_need(strcmp(column[i], names[i]) == 0, names[i]);
        for (int i = count; i < COLUMNS; i++) column[i] = none;
        if (number > 0) run_case(column, result, verdicts);
        line = end + 1;
    }
    attestor_result_free(result);
    if (verdicts != NULL) test_need(fclose(verdicts) == 0, "the verdicts written");
    bytes_free(&file);
    return test_end("vectors");
}
