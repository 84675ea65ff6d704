/* Named tests, checks that report and go on, one closing line `PROGRAM: N passed, M failed`. */
#ifndef TEST_H
#define TEST_H

#include <attestor.h>
#include <stdint.h>
#include <stdlib.h>

typedef void test_body(void);

#define RUN(test) test_run(#test, test)
#define CHECK(condition) test_check((condition) ? 1 : 0, #condition, __FILE__, __LINE__)
#define CHECK_STATUS(call, wanted) test_check_status((call), (wanted), #call, __FILE__, __LINE__)
#define CHECK_TEXT(got, wanted) test_check_text((got), (wanted), #got, __FILE__, __LINE__)
#define CHECK_VIEW(got, wanted) test_check_view((got), (wanted), #got, __FILE__, __LINE__)

/* A test passes if none of its checks failed. */
void test_run(const char *name, test_body *body);
/* Counts a test that was judged elsewhere. */
void test_count(int passed);
/* The closing line; the exit status of the program. A program without a test has failed. */
int test_end(const char *program);

int test_check(int ok, const char *what, const char *file, int line);
int test_check_status(attestor_status got, attestor_status wanted, const char *what, const char *file, int line);
int test_check_text(const char *got, const char *wanted, const char *what, const char *file, int line);
/* `wanted` NULL means an absent view. */
int test_check_view(attestor_str got, const char *wanted, const char *what, const char *file, int line);

/* Ends the program: without this nothing can be tested. */
void test_need(int ok, const char *what);

struct bytes {
    uint8_t *ptr;
    size_t len;
};

/* A copy that ends where its allocation ends, so that valgrind sees a read beyond it. */
struct bytes bytes_copy(const void *from, size_t len);
/* The content of a file of the source tree, `path` relative to this folder, or absolute. */
struct bytes bytes_of_file(const char *path);
void bytes_free(struct bytes *bytes);
/* Whether `needle` occurs in the bytes. */
int bytes_contain(const void *hay, size_t len, const char *needle);

#endif
