/* The answer in one block: what it says is what a summary says, it fits or says nothing, and it is never a stale allow. */
#include "contract.h"
#include "material.h"

#include <stdio.h>

#define GRANT ",\"map\":[{\"match\":\"spiffe://example.org/{name}\",\"internal_identity\":\"a\\u0000b\",\"policies\":[\"first\",\"\\u0000\"]}]"
#define ROOM 4096

/* An answer that ends where its allocation ends. */
struct place {
    attestor_answer *answer;
    size_t room;
};

static struct place place_of(size_t room)
{
    struct place place = {malloc(room), room};
    test_need(place.answer != NULL, "memory");
    memset(place.answer, 0xaa, room);
    return place;
}

static attestor_question question_of(const struct setup *s, struct place place, uint32_t flags)
{
    attestor_question question = ATTESTOR_QUESTION_INIT;
    question.flags = flags;
    question.now = CLOCK;
    question.result = s->result;
    question.answer = place.answer;
    question.room = place.room;
    return question;
}

static attestor_status ask(const struct setup *s, struct place place, uint32_t flags)
{
    const attestor_question question = question_of(s, place, flags);
    return attestor_ask(s->verifier, &question, s->credential.ptr, s->credential.len);
}

static void set_policy(const struct setup *s, const char *policy)
{
    CHECK_STATUS(attestor_verifier_set_policy(s->verifier, policy, strlen(policy), NULL), ATTESTOR_OK);
}

/* Nothing is said but a status that is misuse. */
static void check_none(const attestor_answer *answer, attestor_status code)
{
    CHECK_STATUS(answer->code, code);
    CHECK(answer->verdict_class == ATTESTOR_CLASS_MISUSE);
    CHECK(answer->texts == 0 && answer->policies == 0 && answer->flags == 0 && answer->expires_at == 0);
    CHECK_VIEW(attestor_answer_text(answer, ATTESTOR_TEXT_IDENTITY), NULL);
}

static int same(attestor_str a, attestor_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* The members and texts of a summary, wherever that has them. */
static void check_like(const attestor_answer *answer, const attestor_summary *summary)
{
    const attestor_str texts[] = {summary->identity,  summary->subject,           summary->trust_domain,
                                  summary->issuer,    summary->internal_identity, summary->attestor_id,
                                  summary->key_thumbprint, summary->passport_thumbprint};
    CHECK_STATUS(answer->code, summary->code);
    CHECK(answer->verdict_class == summary->verdict_class && answer->flags == summary->flags);
    CHECK(answer->expires_at == summary->expires_at && answer->credential_kind == summary->credential_kind);
    CHECK(answer->shadow_code == summary->shadow_code && answer->policies == summary->policies);
    CHECK(answer->texts == ATTESTOR_TEXT_POLICIES + answer->policies + 1);
    for (uint32_t i = 0; i < ATTESTOR_TEXT_POLICIES; i++)
        CHECK(same(attestor_answer_text(answer, i), texts[i]));
}

static void an_answer_says_what_a_summary_says(void)
{
    const char *policies[] = {POLICY, POLICY_OF(AUDIENCE, GRANT), POLICY_OF("another", ""),
                              POLICY_OF(AUDIENCE, ",\"local_trust_domain\":\"" DOMAIN "\"")};
    struct setup s = setup_new();
    struct place place = place_of(ROOM);
    for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
        attestor_summary summary = attestor_summary_default();
        /* The first allow of a policy is not of the cache. */
        set_policy(&s, policies[i]);
        const attestor_status status = ask(&s, place, 0);
        set_policy(&s, policies[i]);
        CHECK_STATUS(status, setup_verify(&s, &summary));
        check_like(place.answer, &summary);
    }
    free(place.answer);
    setup_free(&s);
}

static void policies_and_evidence_follow_the_named_texts(void)
{
    struct setup s = setup_new();
    struct place place = place_of(ROOM);
    set_policy(&s, POLICY_OF(AUDIENCE, GRANT));
    CHECK_STATUS(ask(&s, place, ATTESTOR_ASK_EVIDENCE), ATTESTOR_OK);
    const attestor_answer *answer = place.answer;
    CHECK_VIEW(attestor_answer_text(answer, ATTESTOR_TEXT_IDENTITY), IDENTITY);
    CHECK_VIEW(attestor_answer_text(answer, ATTESTOR_TEXT_KEY_THUMBPRINT), THUMBPRINT);
    const attestor_str internal = attestor_answer_text(answer, ATTESTOR_TEXT_INTERNAL_IDENTITY);
    CHECK(internal.len == 3 && memcmp(internal.ptr, "a\0b", 3) == 0);
    CHECK(answer->policies == 2 && answer->texts == 11);
    CHECK_VIEW(attestor_answer_text(answer, ATTESTOR_TEXT_POLICIES), "first");
    const attestor_str second = attestor_answer_text(answer, ATTESTOR_TEXT_POLICIES + 1);
    CHECK(second.len == 1 && second.ptr[0] == '\0');
    const attestor_str evidence = attestor_answer_text(answer, ATTESTOR_TEXT_POLICIES + 2);
    CHECK(evidence.len > 2 && evidence.ptr[0] == '{' && evidence.ptr[evidence.len - 1] == '}');
    CHECK(bytes_contain(evidence.ptr, evidence.len, IDENTITY));
    /* A NUL behind each, the last one too, where the answer ends. */
    CHECK(evidence.ptr + evidence.len + 1 == (const char *)answer + answer->size);
    CHECK(evidence.ptr[evidence.len] == '\0');
    CHECK_VIEW(attestor_answer_text(answer, answer->texts), NULL);
    CHECK_VIEW(attestor_answer_text(answer, UINT32_MAX), NULL);
    free(place.answer);
    setup_free(&s);
}

static void a_refusal_answers_with_its_attestor_only(void)
{
    struct setup s = setup_new();
    struct place place = place_of(ROOM);
    set_policy(&s, POLICY_OF("another", GRANT));
    CHECK_STATUS(ask(&s, place, ATTESTOR_ASK_EVIDENCE), ATTESTOR_AUDIENCE_MISMATCH);
    CHECK_STATUS(place.answer->code, ATTESTOR_AUDIENCE_MISMATCH);
    CHECK(place.answer->verdict_class == ATTESTOR_CLASS_DENY && place.answer->policies == 0);
    for (uint32_t i = 0; i < ATTESTOR_TEXT_POLICIES; i++)
        CHECK_VIEW(attestor_answer_text(place.answer, i), i == ATTESTOR_TEXT_ATTESTOR_ID ? "spiffe" : "");
    const attestor_str evidence = attestor_answer_text(place.answer, ATTESTOR_TEXT_POLICIES);
    CHECK(bytes_contain(evidence.ptr, evidence.len, "audience_mismatch"));
    CHECK_STATUS(attestor_store_remove(s.store, ATTESTOR_SOURCE_TRUST_DOMAIN, DOMAIN, strlen(DOMAIN), NULL), ATTESTOR_OK);
    set_policy(&s, POLICY);
    CHECK_STATUS(ask(&s, place, 0), ATTESTOR_BUNDLE_UNAVAILABLE);
    CHECK(place.answer->verdict_class == ATTESTOR_CLASS_UNAVAILABLE);
    CHECK_VIEW(attestor_answer_text(place.answer, ATTESTOR_TEXT_POLICIES), "");
    free(place.answer);
    setup_free(&s);
}

static void an_answer_fits_or_is_kept_back(void)
{
    struct setup s = setup_new();
    struct place whole = place_of(ROOM);
    CHECK_STATUS(ask(&s, whole, ATTESTOR_ASK_EVIDENCE), ATTESTOR_OK);
    CHECK_STATUS(ask(&s, whole, ATTESTOR_ASK_EVIDENCE), ATTESTOR_OK);
    const size_t size = whole.answer->size;
    for (size_t room = sizeof(attestor_answer); room <= size + 1; room += room < size - 1 ? 37 : 1) {
        struct place place = place_of(room);
        if (room >= size) {
            CHECK_STATUS(ask(&s, place, ATTESTOR_ASK_EVIDENCE), ATTESTOR_OK);
            CHECK(memcmp(place.answer, whole.answer, size) == 0);
        } else {
            CHECK_STATUS(ask(&s, place, ATTESTOR_ASK_EVIDENCE), ATTESTOR_BUFFER_TOO_SMALL);
            check_none(place.answer, ATTESTOR_BUFFER_TOO_SMALL);
            CHECK(place.answer->size == size);
            CHECK_STATUS(attestor_result_answer(s.result, ATTESTOR_ASK_EVIDENCE, place.answer, room, NULL),
                         ATTESTOR_BUFFER_TOO_SMALL);
            check_none(place.answer, ATTESTOR_BUFFER_TOO_SMALL);
            struct place again = place_of(size);
            CHECK_STATUS(attestor_result_answer(s.result, ATTESTOR_ASK_EVIDENCE, again.answer, size, NULL), ATTESTOR_OK);
            CHECK(memcmp(again.answer, whole.answer, size) == 0);
            free(again.answer);
        }
        free(place.answer);
    }
    free(whole.answer);
    setup_free(&s);
}

static void a_result_is_cleared_once_it_answered(void)
{
    struct setup s = setup_new();
    struct place place = place_of(ROOM);
    attestor_summary summary = attestor_summary_default();
    attestor_error err = ATTESTOR_ERROR_INIT;
    CHECK_STATUS(ask(&s, place, 0), ATTESTOR_OK);
    CHECK_STATUS(attestor_result_summary(s.result, &summary, NULL), ATTESTOR_NOT_VERIFIED);
    CHECK_STATUS(attestor_result_answer(s.result, 0, place.answer, place.room, &err), ATTESTOR_NOT_VERIFIED);
    CHECK_STATUS(err.code, ATTESTOR_NOT_VERIFIED);
    check_none(place.answer, ATTESTOR_NOT_VERIFIED);
    /* Of an ordinary verification it can be read, a refusal too. */
    CHECK_STATUS(setup_verify(&s, &summary), ATTESTOR_OK);
    CHECK_STATUS(attestor_result_answer(s.result, 0, place.answer, place.room, &err), ATTESTOR_OK);
    check_like(place.answer, &summary);
    set_policy(&s, POLICY_OF("another", ""));
    CHECK_STATUS(setup_verify(&s, &summary), ATTESTOR_AUDIENCE_MISMATCH);
    CHECK_STATUS(attestor_result_answer(s.result, 0, place.answer, place.room, &err), ATTESTOR_OK);
    check_like(place.answer, &summary);
    CHECK_STATUS(attestor_result_answer(s.result, ATTESTOR_ASK_ADMISSION, place.answer, place.room, &err),
                 ATTESTOR_OPTION_UNSUPPORTED);
    check_none(place.answer, ATTESTOR_NOT_VERIFIED);
    CHECK_STATUS(attestor_result_answer(NULL, 0, place.answer, place.room, &err), ATTESTOR_ARGUMENT_INVALID);
    check_none(place.answer, ATTESTOR_NOT_VERIFIED);
    CHECK_STATUS(attestor_result_answer(s.result, 0, NULL, place.room, &err), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_result_answer(s.result, 0, place.answer, sizeof(attestor_answer) - 1, &err),
                 ATTESTOR_ARGUMENT_INVALID);
    free(place.answer);
    setup_free(&s);
}

static void a_question_has_the_rest_of_a_request(void)
{
    struct setup s = setup_new();
    struct place place = place_of(ROOM);
    attestor_question question = question_of(&s, place, 0);
    attestor_request request = attestor_request_default((const uint8_t *)"not looked at", 13);
    request.now = 1;
    question.request = &request;
    CHECK_STATUS(attestor_ask(s.verifier, &question, s.credential.ptr, s.credential.len), ATTESTOR_OK);
    request.attestor_id = "nobody";
    request.attestor_id_len = 6;
    CHECK_STATUS(attestor_ask(s.verifier, &question, s.credential.ptr, s.credential.len), ATTESTOR_ATTESTOR_UNKNOWN);
    CHECK(place.answer->verdict_class == ATTESTOR_CLASS_MISUSE);
    request = attestor_request_default(NULL, 0);
    request.flags = 1;
    CHECK_STATUS(attestor_ask(s.verifier, &question, s.credential.ptr, s.credential.len), ATTESTOR_OPTION_UNSUPPORTED);
    /* An admission needs a passport; a refresh without a callback changes nothing. */
    question = question_of(&s, place, ATTESTOR_ASK_ADMISSION);
    CHECK_STATUS(attestor_ask(s.verifier, &question, s.credential.ptr, s.credential.len), ATTESTOR_ARGUMENT_INVALID);
    question = question_of(&s, place, ATTESTOR_ASK_REFRESHING);
    CHECK_STATUS(attestor_ask(s.verifier, &question, s.credential.ptr, s.credential.len), ATTESTOR_OK);
    CHECK_STATUS(attestor_ask(s.verifier, &question, NULL, 0), ATTESTOR_MALFORMED_TOKEN);
    free(place.answer);
    setup_free(&s);
}

static void a_wrong_question_leaves_no_allow(void)
{
    struct setup s = setup_new();
    struct place place = place_of(ROOM);
    attestor_summary summary = attestor_summary_default();
    attestor_question wrong[6];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        wrong[i] = question_of(&s, place, 0);
    wrong[0].flags = 8;
    wrong[1].now = 0;
    wrong[2].result = NULL;
    wrong[3].room = sizeof(attestor_answer) - 1;
    wrong[4].answer = NULL;
    wrong[5].struct_size = 3;
    const attestor_status statuses[] = {ATTESTOR_OPTION_UNSUPPORTED, ATTESTOR_CLOCK_INVALID, ATTESTOR_ARGUMENT_INVALID,
                                        ATTESTOR_ARGUMENT_INVALID,   ATTESTOR_ARGUMENT_INVALID,
                                        ATTESTOR_ARGUMENT_INVALID};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK_STATUS(ask(&s, place, 0), ATTESTOR_OK);
        CHECK_STATUS(attestor_ask(s.verifier, &wrong[i], s.credential.ptr, s.credential.len), statuses[i]);
        /* As far as the answer could be found. */
        if (i < 3)
            CHECK(place.answer->verdict_class == ATTESTOR_CLASS_MISUSE && place.answer->code != ATTESTOR_OK);
        CHECK_STATUS(attestor_result_summary(s.result, &summary, NULL), ATTESTOR_NOT_VERIFIED);
    }
    const attestor_question good = question_of(&s, place, 0);
    CHECK_STATUS(attestor_ask(NULL, &good, s.credential.ptr, s.credential.len), ATTESTOR_ARGUMENT_INVALID);
    CHECK(place.answer->verdict_class == ATTESTOR_CLASS_MISUSE);
    CHECK_STATUS(attestor_ask(s.verifier, NULL, s.credential.ptr, s.credential.len), ATTESTOR_ARGUMENT_INVALID);
    CHECK_STATUS(attestor_ask(s.verifier, &good, NULL, 1), ATTESTOR_ARGUMENT_INVALID);
    free(place.answer);
    setup_free(&s);
}

void ask_tests(void)
{
    RUN(an_answer_says_what_a_summary_says);
    RUN(policies_and_evidence_follow_the_named_texts);
    RUN(a_refusal_answers_with_its_attestor_only);
    RUN(an_answer_fits_or_is_kept_back);
    RUN(a_result_is_cleared_once_it_answered);
    RUN(a_question_has_the_rest_of_a_request);
    RUN(a_wrong_question_leaves_no_allow);
}
