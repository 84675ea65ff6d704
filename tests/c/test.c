#include "test.h"

#include <stdio.h>

static int passed, failed, failed_here;

void test_count(int ok)
{
    passed += ok ? 1 : 0;
    failed += ok ? 0 : 1;
}

void test_run(const char *name, test_body *body)
{
    failed_here = 0;
    body();
    if (failed_here > 0) fprintf(stderr, "FAILED %s\n", name);
    test_count(failed_here == 0);
}

int test_end(const char *program)
{
    printf("%s: %d passed, %d failed\n", program, passed, failed);
    return passed > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int test_check(int ok, const char *what, const char *file, int line)
{
    if (!ok) {
        fprintf(stderr, "%s:%d: %s\n", file, line, what);
        failed_here++;
    }
    return ok;
}

int test_check_status(attestor_status got, attestor_status wanted, const char *what, const char *file, int line)
{
    if (test_check(got == wanted, what, file, line)) return 1;
    fprintf(stderr, "  is %s, not %s\n", attestor_status_slug(got), attestor_status_slug(wanted));
    return 0;
}

int test_check_text(const char *got, const char *wanted, const char *what, const char *file, int line)
{
    if (test_check(got != NULL && strcmp(got, wanted) == 0, what, file, line)) return 1;
    fprintf(stderr, "  is \"%s\", not \"%s\"\n", got == NULL ? "NULL" : got, wanted);
    return 0;
}

int test_check_view(attestor_str got, const char *wanted, const char *what, const char *file, int line)
{
    size_t len = wanted == NULL ? 0 : strlen(wanted);
    int absent = got.ptr == NULL && got.len == 0;
    int same = got.ptr != NULL && got.len == len && memcmp(got.ptr, wanted, len) == 0;
    return test_check(wanted == NULL ? absent : same, what, file, line);
}

void test_need(int ok, const char *what)
{
    if (ok) return;
    fprintf(stderr, "cannot test without: %s\n", what);
    exit(EXIT_FAILURE);
}

struct bytes bytes_copy(const void *from, size_t len)
{
    struct bytes copy = {malloc(len == 0 ? 1 : len), len};
    test_need(copy.ptr != NULL, "memory");
    if (len > 0) memcpy(copy.ptr, from, len);
    return copy;
}

/* The path itself if it is absolute, else relative to the folder of this source file. */
static void locate(char *full, size_t cap, const char *path)
{
    const char *slash = strrchr(__FILE__, '/');
    int folder = path[0] == '/' || slash == NULL ? 0 : (int)(slash - __FILE__) + 1;
    int len = snprintf(full, cap, "%.*s%s", folder, __FILE__, path);
    test_need(len > 0 && (size_t)len < cap, path);
}

struct bytes bytes_of_file(const char *path)
{
    static uint8_t buf[1 << 21];
    char full[4096];
    locate(full, sizeof full, path);
    FILE *file = fopen(full, "rb");
    test_need(file != NULL, full);
    size_t len = fread(buf, 1, sizeof buf, file);
    test_need(ferror(file) == 0 && len < sizeof buf, full);
    fclose(file);
    return bytes_copy(buf, len);
}

void bytes_free(struct bytes *bytes)
{
    free(bytes->ptr);
    bytes->ptr = NULL;
    bytes->len = 0;
}

int bytes_contain(const void *hay, size_t len, const char *needle)
{
    size_t n = strlen(needle);
    for (size_t at = 0; n > 0 && at + n <= len; at++)
        if (memcmp((const char *)hay + at, needle, n) == 0) return 1;
    return 0;
}
