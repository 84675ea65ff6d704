/* Receipt lines: the bytes another implementation writes, and every way to ask for one wrongly. */
#include "contract.h"
#include "test.h"

#include <stdio.h>

#define EVIDENCE "{\"attestor_id\":\"spiffe\",\"verified_at\":1800000000}"
#define KEY "0123456789abcdef0123456789abcdef"

/* What Python's json, hashlib and hmac make of the same receipts. */
#define FIRST                                                                                            \
    "{\"at\":1800000000,\"event\":\"agent.register.allow\",\"evidence\":" EVIDENCE                       \
    ",\"host\":{\"agent_id\":\"a\\n\\\"\xc3\xa9\",\"swarm_id\":\"s\"},"                                  \
    "\"mac\":\"2ef4c0b2c6ac86811b4fa4a10639b9cd402585e068c06b93c953439304befbec\","                      \
    "\"prev\":\"0000000000000000000000000000000000000000000000000000000000000000\",\"seq\":1,\"v\":1}"
#define FIRST_DIGEST "a09068946eabdf3c70dd507e986b31809c9d062494581ce45c98c0f2ac9a4a22"
#define SECOND                                                                                           \
    "{\"at\":1800000001,\"event\":\"log.torn\","                                                         \
    "\"host\":{\"bytes\":\"12\",\"moved_to\":\"x.torn\",\"sha256\":\"ab\"},"                             \
    "\"prev\":\"" FIRST_DIGEST "\",\"seq\":2,\"v\":1}"

static attestor_str view(const char *text)
{
    attestor_str view = {text, text == NULL ? 0 : strlen(text)};
    return view;
}

static attestor_receipt_field field(const char *name, const char *value)
{
    attestor_receipt_field field;
    field.name = view(name);
    field.value = view(value);
    return field;
}

static void set_event(attestor_receipt *receipt, const char *event)
{
    receipt->event = event;
    receipt->event_len = strlen(event);
}

static attestor_receipt first(const attestor_receipt_field *host, size_t count)
{
    attestor_receipt receipt = ATTESTOR_RECEIPT_INIT;
    receipt.seq = 1;
    receipt.at = INT64_C(1800000000);
    set_event(&receipt, "agent.register.allow");
    receipt.evidence = (const uint8_t *)EVIDENCE;
    receipt.evidence_len = strlen(EVIDENCE);
    receipt.host = host;
    receipt.host_count = count;
    receipt.key = (const uint8_t *)KEY;
    receipt.key_len = strlen(KEY);
    return receipt;
}

static attestor_status head_of(const char *line, uint64_t *seq, uint8_t digest[32])
{
    struct bytes copy = bytes_copy(line, strlen(line));
    attestor_status status = attestor_receipt_head(copy.ptr, copy.len, seq, digest, NULL);
    bytes_free(&copy);
    return status;
}

/* Writes into an allocation of exactly the size that was asked for. */
static void check_line(const attestor_receipt *receipt, const char *wanted)
{
    size_t len = 0, again = 0;
    CHECK_STATUS(attestor_receipt_write(receipt, NULL, 0, &len, NULL), ATTESTOR_BUFFER_TOO_SMALL);
    if (!CHECK(len == strlen(wanted))) return;
    uint8_t *line = malloc(len);
    test_need(line != NULL, "memory");
    CHECK_STATUS(attestor_receipt_write(receipt, line, len - 1, &again, NULL), ATTESTOR_BUFFER_TOO_SMALL);
    CHECK(again == len);
    CHECK_STATUS(attestor_receipt_write(receipt, line, len, &again, NULL), ATTESTOR_OK);
    CHECK(again == len && memcmp(line, wanted, len) == 0);
    free(line);
}

static void lines_are_what_another_implementation_writes(void)
{
    attestor_receipt_field host[2], torn[3];
    host[0] = field("swarm_id", "s");
    host[1] = field("agent_id", "a\n\"\xc3\xa9");
    attestor_receipt receipt = first(host, 2);
    check_line(&receipt, FIRST);

    uint64_t seq = 0;
    uint8_t digest[32] = {0};
    char hex[65] = {0};
    CHECK_STATUS(head_of(FIRST, &seq, digest), ATTESTOR_OK);
    for (int i = 0; i < 32; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    CHECK(seq == 1);
    CHECK_TEXT(hex, FIRST_DIGEST);

    attestor_receipt second = ATTESTOR_RECEIPT_INIT;
    second.seq = 2;
    second.at = INT64_C(1800000001);
    memcpy(second.prev, digest, sizeof digest);
    set_event(&second, "log.torn");
    torn[0] = field("sha256", "ab");
    torn[1] = field("bytes", "12");
    torn[2] = field("moved_to", "x.torn");
    second.host = torn;
    second.host_count = 3;
    check_line(&second, SECOND);
    CHECK_STATUS(head_of(SECOND, &seq, digest), ATTESTOR_OK);
    CHECK(seq == 2);
}

static void check_refused(const attestor_receipt *receipt, attestor_status wanted, const char *member)
{
    uint8_t buffer[2048];
    size_t len = 7;
    attestor_error err = ATTESTOR_ERROR_INIT;
    CHECK_STATUS(attestor_receipt_write(receipt, buffer, sizeof buffer, &len, &err), wanted);
    CHECK(len == 7);
    CHECK(member == NULL || strncmp(err.detail, member, strlen(member)) == 0);
}

static void what_cannot_be_a_line_is_refused(void)
{
    attestor_receipt_field host[2], many[65];
    host[0] = field("a", "x");
    host[1] = field("a", "y");
    for (int i = 0; i < 65; i++) many[i] = field("n", "");
    attestor_receipt good = first(host, 1), bad;
    uint8_t buffer[2048];
    size_t len = 0;
    CHECK_STATUS(attestor_receipt_write(&good, buffer, sizeof buffer, &len, NULL), ATTESTOR_OK);

#define REFUSED(change, status, member) (bad = good, (change), check_refused(&bad, status, member))
    REFUSED(bad.seq = 0, ATTESTOR_ARGUMENT_INVALID, NULL);
    REFUSED(bad.seq = 2, ATTESTOR_ARGUMENT_INVALID, "seq, prev:");
    REFUSED(bad.prev[31] = 1, ATTESTOR_ARGUMENT_INVALID, "seq, prev:");
    REFUSED(bad.at = 0, ATTESTOR_CLOCK_INVALID, NULL);
    REFUSED(bad.at = -1, ATTESTOR_CLOCK_INVALID, NULL);
    REFUSED(bad.flags = 1, ATTESTOR_OPTION_UNSUPPORTED, NULL);
    REFUSED(bad.event = NULL, ATTESTOR_ARGUMENT_INVALID, NULL);
    REFUSED(bad.event_len = 0, ATTESTOR_ARGUMENT_INVALID, "event:");
    REFUSED(set_event(&bad, "Allow!"), ATTESTOR_ARGUMENT_INVALID, "event:");
    REFUSED(set_event(&bad, "\xff"), ATTESTOR_ARGUMENT_INVALID, NULL);
    REFUSED(bad.evidence = NULL, ATTESTOR_ARGUMENT_INVALID, NULL);
    REFUSED(bad.evidence_len -= 1, ATTESTOR_ARGUMENT_INVALID, "evidence:");
    REFUSED(bad.host = NULL, ATTESTOR_ARGUMENT_INVALID, NULL);
    REFUSED(bad.host_count = 2, ATTESTOR_ARGUMENT_INVALID, "host:");
    REFUSED((bad.host = many, bad.host_count = 65), ATTESTOR_ARGUMENT_INVALID, NULL);
    REFUSED(bad.key = NULL, ATTESTOR_ARGUMENT_INVALID, NULL);
    REFUSED(bad.key_len = 0, ATTESTOR_ARGUMENT_INVALID, "key:");
    REFUSED(bad.key_len = 15, ATTESTOR_ARGUMENT_INVALID, "key:");
#undef REFUSED

    CHECK_STATUS(attestor_receipt_write(NULL, buffer, sizeof buffer, &len, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_receipt_write(&good, buffer, sizeof buffer, NULL, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_receipt_write(&good, NULL, 1, &len, NULL), ATTESTOR_ARGUMENT_INVALID);
    host[0].name = view(NULL);
    check_refused(&good, ATTESTOR_ARGUMENT_INVALID, "host:");
    host[0].name.len = 1;
    check_refused(&good, ATTESTOR_ARGUMENT_INVALID, NULL);
}

static void structures_of_other_versions(void)
{
    attestor_receipt_field host[1];
    host[0] = field("a", NULL);
    struct {
        attestor_receipt receipt;
        uint8_t more[16];
    } newer;
    memset(&newer, 0, sizeof newer);
    newer.receipt = first(host, 1);
    newer.receipt.struct_size = (uint32_t)sizeof newer;
    size_t len = 0;
    CHECK_STATUS(attestor_receipt_write(&newer.receipt, NULL, 0, &len, NULL), ATTESTOR_BUFFER_TOO_SMALL);
    newer.more[15] = 1;
    CHECK_STATUS(attestor_receipt_write(&newer.receipt, NULL, 0, &len, NULL), ATTESTOR_OPTION_UNSUPPORTED);
    newer.receipt.struct_size = 3;
    CHECK_STATUS(attestor_receipt_write(&newer.receipt, NULL, 0, &len, NULL), ATTESTOR_ARGUMENT_INVALID);
    /* An older caller knows of no key. */
    newer.receipt.struct_size = (uint32_t)offsetof(attestor_receipt, key);
    uint8_t line[2048];
    CHECK_STATUS(attestor_receipt_write(&newer.receipt, line, sizeof line, &len, NULL), ATTESTOR_OK);
    CHECK(!bytes_contain(line, len, "\"mac\"") && bytes_contain(line, len, "\"host\":{\"a\":\"\"}"));
}

static void other_lines_have_no_head(void)
{
    static const char *const lines[] = {"", "x", "{}", "\xff", FIRST "\n", " " FIRST, "{\"seq\":1}"};
    uint64_t seq = 7;
    uint8_t digest[32] = {7};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        CHECK_STATUS(head_of(lines[i], &seq, digest), ATTESTOR_RECEIPT_INVALID);
    attestor_error err = ATTESTOR_ERROR_INIT;
    CHECK_STATUS(attestor_receipt_head((const uint8_t *)"x", 1, &seq, digest, &err), ATTESTOR_RECEIPT_INVALID);
    CHECK_TEXT(err.detail, "the line is not a receipt");
    CHECK(seq == 7 && digest[0] == 7);
    CHECK_STATUS(attestor_receipt_head(NULL, 1, &seq, digest, NULL), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_receipt_head((const uint8_t *)FIRST, strlen(FIRST), NULL, digest, NULL),
                 ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_receipt_head((const uint8_t *)FIRST, strlen(FIRST), &seq, NULL, NULL),
                 ATTESTOR_ARGUMENT_INVALID);
}

void receipt_tests(void)
{
    RUN(lines_are_what_another_implementation_writes);
    RUN(what_cannot_be_a_line_is_refused);
    RUN(structures_of_other_versions);
    RUN(other_lines_have_no_head);
}
