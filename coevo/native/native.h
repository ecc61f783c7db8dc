/* What all of coevo's machine code has in common. */

#ifndef COEVO_NATIVE_H
#define COEVO_NATIVE_H

#include <stdint.h>

#ifdef _WIN32
#define PUBLIC __declspec(dllexport)
#else
#define PUBLIC __attribute__((visibility("default")))
#endif

/* A function that is compiled for three kinds of processor; the one at hand is chosen when the library is loaded. */
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && __GNUC__ >= 12 && !defined(__clang__)
#define EVERY_PROCESSOR __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#elif defined(__x86_64__) && !defined(__FMA__)
#error "Without fused steps NumPy is faster: use GCC 12 or newer, or -march=native."
#else
#define EVERY_PROCESSOR
#endif

#define INLINE static inline __attribute__((always_inline))

/* A place on a circle of n places; most are on it already. */
INLINE int64_t around(int64_t place, int64_t n) {
    return place >= 0 && place < n ? place : (place % n + n) % n;
}

#endif
