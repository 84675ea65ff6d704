#include "contract.h"
#include "test.h"

int main(void)
{
    status_tests();
    argument_tests();
    structure_tests();
    store_tests();
    age_tests();
    source_tests();
    refresh_tests();
    snapshot_tests();
    overlay_tests();
    verifier_tests();
    passport_tests();
    result_tests();
    ask_tests();
    receipt_tests();
    metrics_tests();
    return test_end("contract");
}
