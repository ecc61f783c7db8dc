#include "fold.h"

#include "flush.h"

#define FOLD_CASE(name, value)                                                                                         \
    case OP_##name:                                                                                                    \
        return value;

static __attribute__((noinline)) float value_of(int32_t opcode, float a, float b, float c) {
    switch (opcode) {
        CHEAP(FOLD_CASE)
        OTHERS(FOLD_CASE)
    default: return a * b + c; /* OP_multiply_add */
    }
}

float folded(int32_t opcode, float a, float b, float c) {
    const unsigned mode = begin_flushing();
    const float value = value_of(opcode, a, b, c);
    end_flushing(mode);
    return value;
}

/* For expressions.py: numbers [3] → value. */
PUBLIC void coevo_fold(int64_t opcode, const float *numbers, float *value) {
    *value = folded((int32_t)opcode, numbers[0], numbers[1], numbers[2]);
}
