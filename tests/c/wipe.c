/* What a result leaves in memory: `free` is ours here (glibc), and looks at every block before it goes.
 * Not for sanitizers or valgrind, which bring a `free` of their own. */
#include "material.h"

#include <malloc.h>

void __libc_free(void *block);

static struct {
    int on;
    int blocks;
    int leaks; /* blocks with something of the credential */
} watch;

void free(void *block)
{
    if (watch.on && block != NULL) {
        watch.blocks++;
        watch.leaks += bytes_contain(block, malloc_usable_size(block), "/minted");
    }
    __libc_free(block);
}

static void the_watch_sees_what_is_left(void)
{
    struct bytes left = bytes_copy(IDENTITY, sizeof IDENTITY);
    watch.blocks = watch.leaks = 0;
    watch.on = 1;
    bytes_free(&left);
    watch.on = 0;
    CHECK(watch.blocks == 1 && watch.leaks == 1);
}

static void a_freed_result_leaves_nothing(void)
{
    struct setup setup = setup_new();
    CHECK_STATUS(setup_verify(&setup, NULL), ATTESTOR_OK);
    watch.blocks = watch.leaks = 0;
    watch.on = 1;
    attestor_result_free(setup.result);
    watch.on = 0;
    setup.result = NULL;
    CHECK(watch.blocks > 0 && watch.leaks == 0);
    setup_free(&setup);
}

int main(void)
{
    RUN(the_watch_sees_what_is_left);
    RUN(a_freed_result_leaves_nothing);
    return test_end("wipe");
}
