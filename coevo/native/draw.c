/* Execution of a plan: its steps (plan.c, or plan.py) are done for one tile of pixels after another.

   Every instruction is a loop over a tile that stays in cache, which the compiler turns into vectors; the place of a
   tile changes no bit. */

#include "flush.h"
#include "graph.h"
#include "instructions.h"

PUBLIC const char *coevo_instructions(void) { return CHEAP(AS_TEXT) "multiply-add " OTHERS(AS_TEXT) "row column show"; }

#ifndef SOURCE
#define SOURCE ""
#endif
PUBLIC const char *coevo_source(void) { return SOURCE; }

typedef struct {
    const Step *steps;
    int64_t count;
    const float *constants, *rows, *columns; /* [..], [.., width], [.., height] */
    int64_t width, height;
    float *registers, *scratch; /* [.., tile], [3, tile] */
    int64_t tile;
    float *shown;          /* [channels, stride] */
    int64_t stride, first; /* between channels, and the pixel that is their first */
} Job;

/* An argument as an array of its own: a constant is spread over the scratch of that number. */
INLINE const float *spread(int32_t argument, const Job *job, int number, int64_t n) {
    if (argument >= 0) return job->registers + argument * job->tile;
    float *scratch = job->scratch + number * job->tile;
    for (int64_t i = 0; i < n; i++) scratch[i] = job->constants[~argument];
    return scratch;
}

#define CHEAP_CASE(name, value)                                                                                        \
    case OP_##name: {                                                                                                  \
        const float *restrict p = job->registers + step.a * job->tile;                                                 \
        const float *restrict q = job->registers + step.b * job->tile;                                                 \
        if (step.a >= 0 && step.b >= 0)                                                                                \
            for (int64_t i = 0; i < n; i++) {                                                                          \
                const float a = p[i], b = q[i];                                                                        \
                out[i] = value;                                                                                        \
            }                                                                                                          \
        else if (step.a >= 0) {                                                                                        \
            const float b = job->constants[~step.b];                                                                   \
            for (int64_t i = 0; i < n; i++) {                                                                          \
                const float a = p[i];                                                                                  \
                out[i] = value;                                                                                        \
            }                                                                                                          \
        } else {                                                                                                       \
            const float a = job->constants[~step.a];                                                                   \
            q = spread(step.b, job, 0, n);                                                                             \
            for (int64_t i = 0; i < n; i++) {                                                                          \
                const float b = q[i];                                                                                  \
                out[i] = value;                                                                                        \
            }                                                                                                          \
        }                                                                                                              \
        break;                                                                                                         \
    }

#define OTHER_CASE(name, value)                                                                                        \
    case OP_##name: {                                                                                                  \
        const float *restrict p = spread(step.a, job, 0, n);                                                           \
        const float *restrict q = spread(step.b, job, 1, n);                                                           \
        const float *restrict r = spread(step.c, job, 2, n);                                                           \
        for (int64_t i = 0; i < n; i++) {                                                                              \
            const float a = p[i], b = q[i], c = r[i];                                                                  \
            (void)b, (void)c;                                                                                          \
            out[i] = value;                                                                                            \
        }                                                                                                              \
        break;                                                                                                         \
    }

EVERY_PROCESSOR
static void draw(const Job *job, int64_t start, int64_t n) {
    for (int64_t s = 0; s < job->count; s++) {
        const Step step = job->steps[s];
        float *restrict out = job->registers + step.out * job->tile;
        switch (step.opcode) {
            CHEAP(CHEAP_CASE)
            OTHERS(OTHER_CASE)
        case OP_multiply_add: {
            const float *restrict p = spread(step.a, job, 0, n), *restrict r = spread(step.c, job, 2, n);
            if (step.b < 0) {
                const float b = job->constants[~step.b];
                for (int64_t i = 0; i < n; i++) out[i] = p[i] * b + r[i];
            } else {
                const float *restrict q = job->registers + step.b * job->tile;
                for (int64_t i = 0; i < n; i++) out[i] = p[i] * q[i] + r[i];
            }
            break;
        }
        case OP_row: {
            const float *row = job->rows + step.a * job->width;
            for (int64_t i = 0, x = start % job->width; i < n; x = 0) {
                int64_t run = job->width - x < n - i ? job->width - x : n - i;
                memcpy(out + i, row + x, run * sizeof(float));
                i += run;
            }
            break;
        }
        case OP_column: {
            const float *column = job->columns + step.a * job->height + start / job->width;
            for (int64_t i = 0, x = start % job->width; i < n; x = 0, column++) {
                int64_t end = i + (job->width - x < n - i ? job->width - x : n - i);
                for (; i < end; i++) out[i] = *column;
            }
            break;
        }
        case OP_show: {
            const float *restrict p = spread(step.a, job, 0, n);
            float *restrict shown = job->shown + step.out * job->stride + (start - job->first);
            for (int64_t i = 0; i < n; i++) shown[i] = number_within(p[i], -1, 1);
            break;
        }
        }
    }
}

/* The pixels from start to stop, a tile at a time. */
PUBLIC void coevo_draw(const Job *job, int64_t start, int64_t stop) {
    const unsigned mode = begin_flushing();
    for (int64_t at = start; at < stop; at += job->tile) {
        draw(job, at, stop - at < job->tile ? stop - at : job->tile);
    }
    end_flushing(mode);
}
