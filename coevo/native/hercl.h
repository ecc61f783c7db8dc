/* HERCL's programs, trials and results, as plugins/coevo_hercl/machine.py has them. */

#ifndef COEVO_HERCL_H
#define COEVO_HERCL_H

#include "native.h"

enum { HERCL_CELLS = 64, HERCL_REGISTERS = 64 };

/* Programs one after another: program i has the instructions from code_ends[i] to code_ends[i + 1], and cells likewise. */
typedef struct {
    const uint8_t *codes;
    const int16_t *arguments;
    const double *values;
    const int32_t *cells;
    const int64_t *code_ends, *cell_ends; /* [count + 1] */
    int64_t count;
} HerclPrograms;

typedef struct {
    const double *inputs;  /* [count, width], the same for every program */
    const uint64_t *seeds; /* of each program's random numbers */
    int64_t count, first, width;    /* first: the number of the first one, for its random numbers */
    int64_t registers, preload; /* how many; whether they begin as the input */
    int64_t steps, messages, items; /* at most */
} HerclTrials;

/* Of every program's trials. */
typedef struct {
    double *items;    /* [trials, messages, items], zeros */
    int32_t *lengths; /* [trials, messages] */
    int32_t *counts;  /* [trials]: messages that were sent */
    int64_t *steps;   /* [trials] */
    uint8_t *endings; /* [trials] */
} HerclResults;

#endif
