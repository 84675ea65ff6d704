/* The C ABI's promises, one group of tests a file. */
#ifndef CONTRACT_H
#define CONTRACT_H

void status_tests(void);
void argument_tests(void);
void structure_tests(void);
void store_tests(void);
void age_tests(void);
void source_tests(void);
void refresh_tests(void);
void snapshot_tests(void);
void overlay_tests(void);
void verifier_tests(void);
void passport_tests(void);
void result_tests(void);
void ask_tests(void);
void receipt_tests(void);
void metrics_tests(void);

#endif
