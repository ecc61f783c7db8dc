/* Antialiased strokes with round ends, drawn at the size of the picture: strokes.py in machine code, to the same bits.

   What a stroke covers of a pixel is its radius minus the distance of the pixel's centre from its middle line, plus a
   half. Strokes of one ink cover as much as the one that covers most, so joints leave no trace. Cost goes with the pixels
   near strokes.

   A stroke is kept as its centre and half its vector, so that it is the same whichever end comes first, and the picture
   of what mirrors itself does so to the bit. */

#include <math.h>
#include <string.h>

#include "native.h"

enum { LANES = 8 }; /* pixels at a time; rows are padded to whole ones */

#define GRID 256.0 /* ends lie on a grid of this many points a pixel, where float32 is exact */

typedef struct {
    const double *segments; /* [.., 5]: x0, y0, x1, y1 from the picture's centre, and width, in px */
    const float *inks;      /* [.., channels], one for each segment */
    const int64_t *first;   /* [N + 1]: picture i has the segments from first[i] to first[i + 1] */
    int64_t size, top, rows, channels;
    float *pictures; /* [N, channels, rows, size], filled with paper; rows are those from `top` on */
    float *covered;  /* [rows, padded size] zeros, for one picture at a time */
} Strokes;

typedef struct {
    int64_t left, top, right, bottom; /* the pixels that may be covered; empty if left >= right */
} Box;

typedef struct {
    double x, y;           /* its centre, from the top left of the rows */
    double half_x, half_y; /* from there to an end */
    double way_x, way_y;   /* the same, of length 1 */
    double length;         /* of the half */
    double reach;          /* radius + 1/2: how far from its middle line anything is covered */
    double strength;       /* of strokes narrower than a pixel */
} Stroke;

INLINE double on_grid(double x) { return rint(x * GRID) / GRID; }
INLINE double least(double a, double b) { return a < b ? a : b; }
INLINE double most(double a, double b) { return a > b ? a : b; }

INLINE Stroke stroke_of(const Strokes *job, const double *segment) {
    const double x0 = on_grid(segment[0]), y0 = on_grid(segment[1]), x1 = on_grid(segment[2]), y1 = on_grid(segment[3]);
    const double middle = (double)job->size / 2;
    Stroke it = {.half_x = (x1 - x0) / 2, .half_y = (y1 - y0) / 2};
    it.x = (x0 + x1) / 2 + middle;
    it.y = (y0 + y1) / 2 + middle - (double)job->top;
    it.length = sqrt(it.half_x * it.half_x + it.half_y * it.half_y);
    it.way_x = it.length > 0 ? it.half_x / it.length : 1;
    it.way_y = it.length > 0 ? it.half_y / it.length : 0;
    it.reach = most(segment[4], 1) / 2 + 0.5;
    it.strength = least(segment[4], 1);
    return it;
}

/* The pixels from low to high, as far as there are any from 0 to n - 1. */
INLINE int64_t first_pixel(double low) { return (int64_t)most(0, floor(low)); }
INLINE int64_t last_pixel(double high, int64_t n) { return (int64_t)least((double)n, ceil(high)); }

/* Cover what a stroke covers, if nothing covered more. */
INLINE void cover(const Strokes *job, int64_t padded, Stroke it, Box *box) {
    const double wide = fabs(it.half_x) + it.reach, high = fabs(it.half_y) + it.reach;
    const int64_t top = first_pixel(it.y - high), bottom = last_pixel(it.y + high, job->rows);
    /* what a row crosses of the strip along the stroke */
    const double lean = it.way_y != 0 ? it.way_x / it.way_y : 0;
    const double across = it.way_y != 0 ? it.reach / fabs(it.way_y) : 2 * wide;
    const float way_x = (float)it.way_x, way_y = (float)it.way_y, length = (float)it.length;
    const float reach = (float)it.reach, strength = (float)it.strength;
    for (int64_t row = top; row < bottom; row++) {
        const double y = (double)row + 0.5 - it.y, crossing = it.way_y != 0 ? y * lean : 0;
        const int64_t left = first_pixel(it.x + most(-wide, crossing - across)) / LANES * LANES;
        const int64_t right = last_pixel(it.x + least(wide, crossing + across), job->size);
        if (left >= right) continue;
        const float dy = (float)y, start = (float)((double)left + 0.5 - it.x);
        float *restrict pixels = job->covered + row * padded + left;
        const int32_t count = (int32_t)((right - left + LANES - 1) / LANES * LANES);
        for (int32_t i = 0; i < count; i++) {
            const float dx = start + (float)i, along = fabsf(dx * way_x + dy * way_y) - length;
            const float beyond = along > 0 ? along : 0, beside = dx * way_y - dy * way_x;
            const float rest = reach - sqrtf(beyond * beyond + beside * beside);
            const float covers = (rest < 1 ? rest : 1) * strength;
            pixels[i] = covers > pixels[i] ? covers : pixels[i];
        }
        box->left = left < box->left ? left : box->left;
        box->right = right > box->right ? right : box->right;
        box->top = row < box->top ? row : box->top;
        box->bottom = row + 1 > box->bottom ? row + 1 : box->bottom;
    }
}

/* Lay an ink over a picture where it was covered, and clear that. */
INLINE void lay(const Strokes *job, int64_t padded, float *picture, const float *ink, const Box *box) {
    for (int64_t row = box->top; row < box->bottom; row++) {
        float *restrict covered = job->covered + row * padded;
        for (int64_t channel = 0; channel < job->channels; channel++) {
            float *restrict pixels = picture + (channel * job->rows + row) * job->size;
            const float tone = ink[channel];
            for (int64_t x = box->left; x < box->right; x++) {
                pixels[x] = (1 - covered[x]) * pixels[x] + covered[x] * tone;
            }
        }
        memset(covered + box->left, 0, (size_t)(box->right - box->left) * sizeof(float));
    }
}

/* Draw the pictures from `start` to `stop`. Strokes that follow one another in the same ink are one layer. */
EVERY_PROCESSOR
PUBLIC void coevo_draw_strokes(const Strokes *job, int64_t start, int64_t stop) {
    const int64_t padded = (job->size + LANES - 1) / LANES * LANES;
    const size_t ink_size = (size_t)job->channels * sizeof(float);
    for (int64_t n = start; n < stop; n++) {
        float *picture = job->pictures + n * job->channels * job->rows * job->size;
        for (int64_t s = job->first[n]; s < job->first[n + 1];) {
            const float *ink = job->inks + s * job->channels;
            Box box = {job->size, job->rows, 0, 0};
            for (; s < job->first[n + 1] && !memcmp(job->inks + s * job->channels, ink, ink_size); s++) {
                if (job->segments[5 * s + 4] > 0) cover(job, padded, stroke_of(job, job->segments + 5 * s), &box);
            }
            lay(job, padded, picture, ink, &box);
        }
    }
}
