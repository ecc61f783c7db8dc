#ifndef COEVO_FLUSH_H
#define COEVO_FLUSH_H

#include "native.h"

/* What is nearer to 0 than the least normal number is 0, and takes no longer than other numbers, until it is ended. */
INLINE unsigned begin_flushing(void) {
#ifdef __SSE__
    unsigned mode = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(mode | 0x8040);
    return mode;
#else
    return 0;
#endif
}

INLINE void end_flushing(unsigned mode) {
#ifdef __SSE__
    __builtin_ia32_ldmxcsr(mode);
#else
    (void)mode;
#endif
}

#endif
