/* What all of coevo's machine code has in common. */

#ifndef COEVO_NATIVE_H
#define COEVO_NATIVE_H

#include <stdint.h>

#ifdef _WIN32
#define PUBLIC __declspec(dllexport)
#else
#define PUBLIC __attribute__((visibility("default")))
#endif

#define INLINE static inline __attribute__((always_inline))

#endif
