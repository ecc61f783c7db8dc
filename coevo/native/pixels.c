/* What a decoder's outputs cost beside the images that they should be: -log p(x | outputs) of every pixel, its gradient
   and the mean image, in one pass over the pixels instead of one for each of torch's dozen operations.

   Sums are taken in LANES columns, and products of 1 + exp(-|output|), each in (1, 2], in ROWS rows: one logarithm for
   64 pixels. Neither depends on the width of a vector. */

#include "instructions.h"

enum { LANES = 16, ROWS = 64 };

/* Pixels are (1 + image) / 2 in [0, 1]. */

typedef struct {
    float cost, factor; /* the pixel costs `cost` + ln(`factor`) */
    float slope;        /* of its cost by its output */
    float mean;         /* in [0, 1] */
} Pixel;

/* x ln p + (1 - x) ln(1 - p) = x o - max(o, 0) - ln(1 + exp(-|o|)), p = sigmoid(o) */
INLINE Pixel bernoulli(float output, float x) {
    float small = exponential(-fabsf(output)), factor = 1 + small;
    float mean = (output >= 0 ? 1 : small) / factor;
    return (Pixel){(output > 0 ? output : 0) - output * x, factor, mean - x, mean};
}

/* (x - p)^2, p = sigmoid(o) */
INLINE Pixel squared(float output, float x) {
    float small = exponential(-fabsf(output));
    float mean = (output >= 0 ? 1 : small) / (1 + small), rest = mean - x;
    return (Pixel){rest * rest, 1, 2 * rest * mean * (1 - mean), mean};
}

/* The sum of the costs of pixels [0, n); slopes are multiplied by `scale`, and means are images in [-1, 1]. */
#define COST(NAME, OF_PIXEL)                                                                                           \
    EVERY_PROCESSOR                                                                                                    \
    PUBLIC double NAME(int64_t n, const float *restrict outputs, const float *restrict images, float scale, float *restrict slopes, float *restrict means) { \
        double total = 0;                                                                                              \
        for (int64_t start = 0; start < n;) {                                                                          \
            float costs[LANES] = {0}, factors[LANES];                                                                  \
            for (int lane = 0; lane < LANES; lane++) factors[lane] = 1;                                                \
            for (int row = 0; row < ROWS && start < n; row++, start += LANES) {                                        \
                int width = n - start < LANES ? (int)(n - start) : LANES;                                              \
                if (width == LANES)                                                                                    \
                    for (int lane = 0; lane < LANES; lane++) PIXEL(OF_PIXEL)                                           \
                else                                                                                                   \
                    for (int lane = 0; lane < width; lane++) PIXEL(OF_PIXEL)                                           \
            }                                                                                                          \
            for (int lane = 0; lane < LANES; lane++) total += costs[lane] + logarithm(factors[lane]);                  \
        }                                                                                                              \
        return total;                                                                                                  \
    }

#define PIXEL(OF_PIXEL)                                                                                                \
    {                                                                                                                  \
        Pixel pixel = OF_PIXEL(outputs[start + lane], 0.5f + 0.5f * images[start + lane]);                             \
        costs[lane] += pixel.cost;                                                                                     \
        factors[lane] *= pixel.factor;                                                                                 \
        slopes[start + lane] = pixel.slope * scale;                                                                    \
        means[start + lane] = 2 * pixel.mean - 1;                                                                      \
    }

COST(coevo_bernoulli, bernoulli)
COST(coevo_squared, squared)
