/* SHA-256 (FIPS 180-4), so that the corpus runner can name evidence by its digest. */
#ifndef SHA256_H
#define SHA256_H

#include <stddef.h>
#include <stdint.h>

/* Writes the digest of the bytes as 64 hexadecimal digits and a NUL. */
void sha256_hex(const uint8_t *bytes, size_t len, char hex[65]);

#endif
