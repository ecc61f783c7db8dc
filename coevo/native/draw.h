/* What a plan draws with. */

#ifndef COEVO_DRAW_H
#define COEVO_DRAW_H

#include "graph.h"

typedef struct {
    const Step *steps;
    int64_t count;
    const float *constants, *rows, *columns; /* [..], [.., width], [.., height] */
    int64_t width, height;
    float *registers, *scratch; /* [.., tile], [3, tile] */
    int64_t tile;
    float *shown;          /* [channels, stride] */
    int64_t stride, first; /* between channels, and the pixel that is their first */
    const float *inputs;   /* [.., height, width], planes that steps read; NULL if none does */
    const int64_t *cells;  /* which pixel each is, in any order; NULL if they are counted along the rows */
} Job;

/* The pixels from start to stop, a tile at a time. */
PUBLIC void coevo_draw(const Job *job, int64_t start, int64_t stop);

#endif
