/* Fractal coding of pictures: partitioned iterated function systems (Jacquin 1992; Fisher 1995).

   A block is compared with every domain, a block twice as large of the same picture, in eight orientations. Folding makes
   one comparison of eight: the sums and differences of four mirrored pixels are four quarters of a block, even or odd
   in x and in y. Mirroring a block changes nothing but the signs of its odd quarters, so that the products of quarters
   with quarters, added with the signs of each mirroring, are the products with all four mirror images; transposing the
   block gives the other four. A contrast may be negative: the largest absolute value counts. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "native.h"

#define LANES 8 /* domains that are compared at once */

typedef float Lanes __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

typedef struct {
    int64_t size, levels; /* px of a side; sides of blocks, from large to small */
    const int64_t *sides;
    float tolerance; /* mean squared error of a block that is not split */
    float bits;      /* of a block */
} Coder;

typedef struct {
    int64_t tiles;  /* of LANES domains each */
    float *folded;  /* [tiles, quarter, 4, LANES], of length 1 */
    float *lengths; /* [tiles * LANES] */
} Domains;

/* Copy a block less its mean; its squared length. */
INLINE float centred(const float *restrict image, int64_t stride, int64_t side, float *restrict block) {
    float sum = 0, squares = 0;
    for (int64_t y = 0; y < side; y++)
        for (int64_t x = 0; x < side; x++) sum += image[y * stride + x];
    const float mean = sum / (float)(side * side);
    for (int64_t y = 0; y < side; y++)
        for (int64_t x = 0; x < side; x++) {
            const float value = image[y * stride + x] - mean;
            block[y * side + x] = value;
            squares += value * value;
        }
    return squares;
}

/* The four quarters of a block, times `scale`: even in both, odd in x, odd in y, odd in both. Every value is `apart`
   from the next; `down` and `across` are the block's strides. */
INLINE void fold(const float *block, int64_t side, int64_t down, int64_t across, float scale, float *out, int64_t apart) {
    for (int64_t y = 0; y < side / 2; y++)
        for (int64_t x = 0; x < side / 2; x++, out += 4 * apart) {
            const float *top = block + y * down, *bottom = block + (side - 1 - y) * down;
            const float a = top[x * across], b = top[(side - 1 - x) * across];
            const float c = bottom[x * across], d = bottom[(side - 1 - x) * across];
            out[0] = (a + b + (c + d)) * scale;
            out[apart] = (a - b + (c - d)) * scale;
            out[2 * apart] = (a + b - (c + d)) * scale;
            out[3 * apart] = (a - b - (c - d)) * scale;
        }
}

/* The largest product with a domain in any orientation, and that domain's length.

   range: [quarter, 4, 2], folded as it is and transposed. */
INLINE float best_match(const float *range, int64_t quarter, const Domains *domains, float *length) {
    float best[LANES], lengths[LANES] = {0};
    for (int i = 0; i < LANES; i++) best[i] = -1;
    for (int64_t tile = 0; tile < domains->tiles; tile++) {
        const Lanes *domain = (const Lanes *)(domains->folded + tile * quarter * 4 * LANES);
        Lanes sums[8] = {{0}};
        for (int64_t k = 0; k < quarter; k++, domain += 4)
            for (int j = 0; j < 8; j++) sums[j] += range[8 * k + j] * domain[j / 2];
        float products[8][LANES];
        memcpy(products, sums, sizeof products);
        const float *own = domains->lengths + tile * LANES;
        for (int i = 0; i < LANES; i++) {
            float match = 0;
            for (int j = 0; j < 2; j++) {
                const float even = products[j][i], x = products[2 + j][i], y = products[4 + j][i], xy = products[6 + j][i];
                const float same = fabsf(even + xy) + fabsf(x + y), turned = fabsf(even - xy) + fabsf(x - y);
                match = same > match ? same : match;
                match = turned > match ? turned : match;
            }
            lengths[i] = match > best[i] ? own[i] : lengths[i];
            best[i] = match > best[i] ? match : best[i];
        }
    }
    int most = 0;
    for (int i = 1; i < LANES; i++)
        if (best[i] > best[most]) most = i;
    *length = lengths[most];
    return best[most];
}

/* Every domain of a picture that was shrunk to half its size, half a block apart. */
INLINE void fold_domains(const float *half, int64_t size, int64_t side, float *block, Domains *domains) {
    const int64_t step = side / 2, across = (size - side) / step + 1, quarter = side * side / 4;
    domains->tiles = (across * across + LANES - 1) / LANES;
    memset(domains->folded, 0, domains->tiles * quarter * 4 * LANES * sizeof(float));
    memset(domains->lengths, 0, domains->tiles * LANES * sizeof(float));
    for (int64_t d = 0; d < across * across; d++) {
        const float length = sqrtf(centred(half + d / across * step * size + d % across * step, size, side, block));
        float *out = domains->folded + d / LANES * quarter * 4 * LANES + d % LANES;
        domains->lengths[d] = length;
        fold(block, side, side, 1, 0.5f / (length > 1e-4f ? length : 1e-4f), out, LANES);
    }
}

/* The least mean squared error of a block, approximated by a domain. The contrast is at most 1. */
INLINE float block_error(const float *image, int64_t size, int64_t side, const Domains *domains, float *block, float *range) {
    const float squares = centred(image, size, side, block);
    fold(block, side, side, 1, 0.5f, range, 2);
    fold(block, side, 1, side, 0.5f, range + 1, 2);
    float length, product = best_match(range, side * side / 4, domains, &length);
    float contrast = product / (length > 1e-4f ? length : 1e-4f);
    contrast = contrast < 1 ? contrast : 1;
    const float scaled = contrast * length, left = squares - 2 * scaled * product + scaled * scaled;
    return (left > 0 ? left : 0) / (float)(side * side);
}

static void fill(float *image, int64_t size, int64_t side, float value) {
    for (int64_t y = 0; y < side; y++)
        for (int64_t x = 0; x < side; x++) image[y * size + x] = value;
}

static void shrink(const float *image, int64_t size, float *half) {
    for (int64_t y = 0; y < size; y += 2)
        for (int64_t x = 0; x < size; x += 2) {
            const float *at = image + y * size + x;
            *half++ = (at[0] + at[1] + at[size] + at[size + 1]) / 4;
        }
}

/* A picture's error and bits, one level of blocks after the other. */
EVERY_PROCESSOR
static void code(const Coder *coder, const float *image, float *memory, Domains domains, float *errors, float *bits) {
    const int64_t size = coder->size, largest = coder->sides[0] * coder->sides[0];
    float *half = memory, *block = half + size * size / 4, *range = block + largest;
    shrink(image, size, half);
    fill(errors, size, size, -1); /* not coded yet */
    for (int64_t level = 0; level < coder->levels; level++) {
        const int64_t side = coder->sides[level];
        int folded = 0;
        for (int64_t y = 0; y < size; y += side)
            for (int64_t x = 0; x < size; x += side) {
                const int64_t at = y * size + x;
                if (errors[at] >= 0) continue;
                if (!folded) fold_domains(half, size / 2, side, block, &domains);
                folded = 1;
                const float error = block_error(image + at, size, side, &domains, block, range);
                if (error > coder->tolerance && level + 1 < coder->levels) continue;
                fill(errors + at, size, side, error);
                fill(bits + at, size, side, coder->bits / (float)(8 * side * side));
            }
    }
}

/* Code pictures [count, size, size]: squared error and bits at every pixel, relative to those of plain pixels. Sides are
   multiples of 4 and divide the size; 4 of the largest fit in it. 0 if there is no memory. */
PUBLIC int64_t coevo_fractal(const Coder *coder, int64_t count, const float *images, float *errors, float *bits) {
    const int64_t size = coder->size, pixels = size * size, largest = coder->sides[0] * coder->sides[0];
    int64_t folded = 0, lengths = 0;
    for (int64_t level = 0; level < coder->levels; level++) {
        const int64_t side = coder->sides[level], across = (size / 2 - side) / (side / 2) + 1;
        const int64_t room = (across * across + LANES - 1) / LANES * LANES;
        folded = room * side * side > folded ? room * side * side : folded;
        lengths = room > lengths ? room : lengths;
    }
    float *memory = malloc((size_t)(folded + lengths + pixels / 4 + 3 * largest) * sizeof(float));
    if (!memory) return 0;
    const Domains domains = {0, memory, memory + folded};
    for (int64_t n = 0; n < count; n++)
        code(coder, images + n * pixels, memory + folded + lengths, domains, errors + n * pixels, bits + n * pixels);
    free(memory);
    return 1;
}
