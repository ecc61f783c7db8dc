/* Execution of a plan: its steps (plan.c, or plan.py) are done for one tile of pixels after another.

   Every instruction is a loop over a tile that stays in cache, which the compiler turns into vectors; the place of a
   tile changes no bit. */

#include "draw.h"
#include "flush.h"
#include "instructions.h"

PUBLIC const char *coevo_instructions(void) { return CHEAP(AS_TEXT) "multiply-add " OTHERS(AS_TEXT) "row column show input"; }

#ifndef SOURCE
#define SOURCE ""
#endif
PUBLIC const char *coevo_source(void) { return SOURCE; }

/* An argument as an array of its own: a constant is spread over the scratch of that number. */
INLINE const float *spread(int32_t argument, const Job *job, int number, int64_t n) {
    if (argument >= 0) return job->registers + argument * job->tile;
    float *scratch = job->scratch + number * job->tile;
    for (int64_t i = 0; i < n; i++) scratch[i] = job->constants[~argument];
    return scratch;
}

/* A plane of the input, moved on the torus: of the pixels from start on. Away from the upper and the lower edge they lie in
   one piece, but for those at the ends of rows. */
static void input_of_pixels(const Job *job, Step step, float *restrict out, int64_t start, int64_t n) {
    const int64_t width = job->width, height = job->height, all = width * height;
    const float *plane = job->inputs + step.a * all;
    const int64_t far = step.b < 0 ? -step.b : step.b, from = start + step.c * width + step.b;
    if (far < width && from - far >= 0 && from + n + far <= all) {
        memcpy(out, plane + from, n * sizeof(float));
        const int64_t edge = step.b < 0 ? 0 : width - far, back = step.b < 0 ? width : -width;
        for (int64_t row = start - start % width; far && row < start + n; row += width)
            for (int64_t i = row + edge; i < row + edge + far; i++)
                if (i >= start && i < start + n) out[i - start] = plane[i + step.c * width + step.b + back];
        return;
    }
    for (int64_t x = start % width, y = start / width; n; x = 0, y++) {
        const int64_t run = width - x < n ? width - x : n, from = around(x + step.b, width);
        const int64_t whole = width - from < run ? width - from : run;
        const float *row = plane + around(y + step.c, height) * width;
        memcpy(out, row + from, whole * sizeof(float));
        memcpy(out + whole, row, (run - whole) * sizeof(float));
        out += run, n -= run;
    }
}

/* The same of cells in any order, fewer than 2^32. */
static void input_of_cells(const Job *job, Step step, float *restrict out, int64_t start, int64_t n) {
    const int64_t width = job->width, height = job->height;
    const float *plane = job->inputs + step.a * width * height;
    const uint32_t right = (uint32_t)around(step.b, width), below = (uint32_t)around(step.c, height);
    for (int64_t i = 0; i < n; i++) {
        const uint32_t cell = (uint32_t)job->cells[start + i], row = cell / (uint32_t)width;
        uint32_t x = cell - row * (uint32_t)width + right, y = row + below;
        x = x < width ? x : x - (uint32_t)width, y = y < height ? y : y - (uint32_t)height;
        out[i] = plane[y * width + x];
    }
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
            if (job->cells) {
                for (int64_t i = 0; i < n; i++)
                    out[i] = job->rows[step.a * job->width + job->cells[start + i] % job->width];
                break;
            }
            const float *row = job->rows + step.a * job->width;
            for (int64_t i = 0, x = start % job->width; i < n; x = 0) {
                int64_t run = job->width - x < n - i ? job->width - x : n - i;
                memcpy(out + i, row + x, run * sizeof(float));
                i += run;
            }
            break;
        }
        case OP_column: {
            if (job->cells) {
                for (int64_t i = 0; i < n; i++)
                    out[i] = job->columns[step.a * job->height + job->cells[start + i] / job->width];
                break;
            }
            const float *column = job->columns + step.a * job->height + start / job->width;
            for (int64_t i = 0, x = start % job->width; i < n; x = 0, column++) {
                int64_t end = i + (job->width - x < n - i ? job->width - x : n - i);
                for (; i < end; i++) out[i] = *column;
            }
            break;
        }
        case OP_input:
            if (job->cells)
                input_of_cells(job, step, out, start, n);
            else
                input_of_pixels(job, step, out, start, n);
            break;
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
