/* A second unit that includes the header, linked with the others: nothing in it is defined twice. */
#include "test.h"

int header_twice(void);
int header_cpp(void);

static void c_units_link_and_agree(void)
{
    CHECK(header_twice() == 1);
    CHECK(attestor_check_abi() == 1);
}

static void a_cpp_unit_links_and_agrees(void)
{
    CHECK(header_cpp() == 1);
}

int main(void)
{
    RUN(c_units_link_and_agree);
    RUN(a_cpp_unit_links_and_agrees);
    return test_end("header_two_tus");
}
