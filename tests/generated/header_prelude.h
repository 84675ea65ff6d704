#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef ATTESTOR_API
#  if defined(_WIN32) && defined(ATTESTOR_SHARED)
#    define ATTESTOR_API __declspec(dllimport)
#  else
#    define ATTESTOR_API
#  endif
#endif

#ifndef ATTESTOR_MUST_USE
#  if defined(__GNUC__) || defined(__clang__)
#    define ATTESTOR_MUST_USE __attribute__((warn_unused_result))
#  else
#    define ATTESTOR_MUST_USE
#  endif
#endif
