/* What is known of an instruction before a picture is drawn: its arguments, and its value for numbers. */

#ifndef COEVO_FOLD_H
#define COEVO_FOLD_H

#include "instructions.h"

INLINE int32_t arguments_of(int32_t opcode) {
    if (opcode == OP_multiply_add || opcode == OP_select || opcode == OP_noise) return 3;
    return opcode >= OP_negate && opcode <= OP_tanh ? 1 : 2;
}

/* A minimum of 0 and -0 is its second argument, so minima and maxima do not commute. */
INLINE int commutes(int32_t opcode) {
    return opcode == OP_add || opcode == OP_multiply || opcode == OP_and || opcode == OP_or || opcode == OP_xor;
}

/* The value for numbers, as it would be drawn. */
float folded(int32_t opcode, float a, float b, float c);

#endif
