/* What JPEG makes of grey pictures, without their files (ITU-T T.81): bytes and errors of the baseline process.

   Discrete cosine transforms round as those of libjpeg do by default (the method of Loeffler, Ligtenberg & Moschytz
   1989 in whole numbers), and tables are the standard's, so that figures are those of most programs. */

#include <string.h>

#include "native.h"

#define SIDE 8
#define HEADER 330 /* bytes beside those of the coefficients: markers and tables of one component */

typedef int32_t Row __attribute__((vector_size(4 * SIDE), aligned(4), may_alias));
typedef int32_t Block[SIDE][SIDE];

/* Cosines times 2^13.5, as libjpeg's sums of whole numbers give them: [frequency][place], the left half; the right half
   mirrors it, with the other sign where the frequency is odd. */
static const int32_t COSINES[SIDE][SIDE / 2] = {
    {8192, 8192, 8192, 8192},     {11363, 9633, 6437, 2260},  {10703, 4433, -4433, -10703}, {9633, -2259, -11362, -6436},
    {8192, -8192, -8192, 8192},   {6437, -11362, 2261, 9633}, {4433, -10704, 10704, -4433}, {2260, -6436, 9633, -11363},
};

/* Annex K.1: luminance, at quality 50. */
static const uint8_t STEPS[SIDE * SIDE] = {
    16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55, 14, 13, 16, 24, 40,  57,
    69, 56, 14, 17, 22,  29,  51,  87,  80, 62, 18, 22, 37,  56,  68,  109, 103, 77, 24, 35, 55,  64,
    81, 104, 113, 92, 49, 64,  78,  87,  103, 121, 120, 101, 72, 92, 95,  98, 112, 100, 103, 99,
};

static const uint8_t ZIGZAG[SIDE * SIDE] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6,  7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
};

/* Annex K.3: the number of codes of each length from 1 to 16, and their symbols. */
static const uint8_t MEANS_COUNTS[16] = {0, 1, 5, 1, 1, 1, 1, 1, 1};
static const uint8_t MEANS[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
static const uint8_t OTHERS_COUNTS[16] = {0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125};
static const uint8_t OTHERS[162] = {
    0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71, 0x14, 0x32, 0x81,
    0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0a, 0x16, 0x17, 0x18,
    0x19, 0x1a, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48,
    0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75,
    0x76, 0x77, 0x78, 0x79, 0x7a, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
    0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3,
    0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5,
    0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa,
};

typedef struct {
    uint16_t code;
    uint8_t length;
} Code;

typedef struct {
    int32_t steps[SIDE * SIDE];
    Code means[256], others[256];
} Tables;

static void assign_codes(const uint8_t *counts, const uint8_t *symbols, Code *codes) {
    uint16_t code = 0;
    for (int length = 1; length <= 16; length++, code = (uint16_t)(code << 1))
        for (int i = 0; i < counts[length - 1]; i++) codes[*symbols++] = (Code){code++, (uint8_t)length};
}

/* Bits are counted as bytes; after each of 255 stands one of 0. */
typedef struct {
    uint64_t waiting;
    int32_t count;
    int64_t bytes;
} Bits;

INLINE void put(Bits *bits, uint32_t value, int32_t length) {
    bits->waiting = bits->waiting << length | value;
    bits->count += length;
    while (bits->count >= 8) {
        bits->count -= 8;
        bits->bytes += 1 + ((bits->waiting >> bits->count & 255) == 255);
    }
}

/* A number after its code: those of the same length are told apart by as many bits. */
INLINE void put_number(Bits *bits, const Code *codes, int32_t zeros, int32_t value) {
    const uint32_t size = value < 0 ? (uint32_t)-value : (uint32_t)value;
    const int32_t length = size ? 32 - __builtin_clz(size) : 0;
    const Code code = codes[zeros << 4 | length];
    put(bits, code.code, code.length);
    put(bits, (uint32_t)(value < 0 ? value - 1 : value) & ((1u << length) - 1), length);
}

INLINE void put_block(Bits *bits, const Tables *tables, const int32_t *numbers, int32_t before) {
    uint64_t left = 0;
    for (int i = 1; i < SIDE * SIDE; i++) left |= (uint64_t)(numbers[ZIGZAG[i]] != 0) << i;
    put_number(bits, tables->means, 0, numbers[0] - before);
    int last = 0;
    for (; left; left &= left - 1) {
        const int at = __builtin_ctzll(left);
        int zeros = at - last - 1;
        for (; zeros > 15; zeros -= 16) put(bits, tables->others[0xf0].code, tables->others[0xf0].length);
        put_number(bits, tables->others, zeros, numbers[ZIGZAG[at]]);
        last = at;
    }
    if (last < SIDE * SIDE - 1) put(bits, tables->others[0].code, tables->others[0].length);
}

/* The transform of every column, divided by 2^shift. */
INLINE void transform(Block block, int32_t shift) {
    Row *rows = (Row *)block, even[SIDE / 2], odd[SIDE / 2];
    for (int i = 0; i < SIDE / 2; i++) even[i] = rows[i] + rows[SIDE - 1 - i], odd[i] = rows[i] - rows[SIDE - 1 - i];
    for (int k = 0; k < SIDE; k++) {
        const Row *half = k % 2 ? odd : even;
        const int32_t *c = COSINES[k];
        rows[k] = (half[0] * c[0] + half[1] * c[1] + half[2] * c[2] + half[3] * c[3] + (1 << (shift - 1))) >> shift;
    }
}

INLINE void transform_back(Block block, int32_t shift) {
    Row *rows = (Row *)block, even[SIDE / 2], odd[SIDE / 2];
    for (int i = 0; i < SIDE / 2; i++) {
        even[i] = rows[0] * COSINES[0][i] + rows[2] * COSINES[2][i] + rows[4] * COSINES[4][i] + rows[6] * COSINES[6][i];
        odd[i] = rows[1] * COSINES[1][i] + rows[3] * COSINES[3][i] + rows[5] * COSINES[5][i] + rows[7] * COSINES[7][i];
    }
    for (int i = 0; i < SIDE / 2; i++) {
        rows[i] = (even[i] + odd[i] + (1 << (shift - 1))) >> shift;
        rows[SIDE - 1 - i] = (even[i] - odd[i] + (1 << (shift - 1))) >> shift;
    }
}

INLINE void transpose(Block block) {
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < y; x++) {
            const int32_t kept = block[y][x];
            block[y][x] = block[x][y];
            block[x][y] = kept;
        }
}

/* One picture, block after block; at the edges of a picture its last pixels go on. */
EVERY_PROCESSOR
static void code(const Tables *tables, const uint8_t *pixels, int64_t height, int64_t width, int64_t *squares, int64_t *bytes) {
    Bits bits = {0, 0, HEADER};
    int64_t sum = 0;
    int32_t before = 0;
    for (int64_t top = 0; top < height; top += SIDE)
        for (int64_t left = 0; left < width; left += SIDE) {
            Block own, block; /* own: transposed */
            for (int64_t y = 0; y < SIDE; y++) {
                const uint8_t *row = pixels + (top + y < height ? top + y : height - 1) * width;
                for (int64_t x = 0; x < SIDE; x++) own[x][y] = row[left + x < width ? left + x : width - 1] - 128;
            }
            memcpy(block, own, sizeof block);
            transform(block, 11); /* rows, with 2 bits more than whole numbers have; then columns */
            transpose(block);
            transform(block, 15);
            int32_t *numbers = &block[0][0], coded[SIDE * SIDE];
            for (int i = 0; i < SIDE * SIDE; i++) { /* numbers are 8 times what the standard has */
                const int32_t step = 8 * tables->steps[i], value = numbers[i], size = value < 0 ? -value : value;
                const int32_t steps = (int32_t)((float)(size + step / 2) / (float)step); /* floor: sizes are below 2^16 */
                coded[i] = value < 0 ? -steps : steps;
                numbers[i] = coded[i] * tables->steps[i];
            }
            put_block(&bits, tables, coded, before);
            before = coded[0];
            transform_back(block, 11); /* columns, then rows */
            transpose(block);
            transform_back(block, 18);
            const int64_t rows = height - top < SIDE ? height - top : SIDE, columns = width - left < SIDE ? width - left : SIDE;
            int32_t within = 0;
            for (int64_t x = 0; x < columns; x++)
                for (int64_t y = 0; y < rows; y++) {
                    int32_t value = block[x][y];
                    value = value < -128 ? -128 : value > 127 ? 127 : value;
                    within += (value - own[x][y]) * (value - own[x][y]);
                }
            sum += within;
        }
    put(&bits, 127, 7); /* up to a whole byte */
    *squares = sum;
    *bytes = bits.bytes;
}

/* Grey pictures [count, height, width] at a quality from 1 to 100: the sum of squared errors, and bytes. */
PUBLIC void coevo_jpeg(int64_t count, int64_t height, int64_t width, int64_t quality, const uint8_t *pictures, int64_t *squares,
                       int64_t *bytes) {
    Tables tables = {0};
    const int64_t percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    for (int i = 0; i < SIDE * SIDE; i++) {
        const int64_t step = (STEPS[i] * percent + 50) / 100;
        tables.steps[i] = (int32_t)(step < 1 ? 1 : step > 255 ? 255 : step);
    }
    assign_codes(MEANS_COUNTS, MEANS, tables.means);
    assign_codes(OTHERS_COUNTS, OTHERS, tables.others);
    for (int64_t n = 0; n < count; n++) code(&tables, pictures + n * height * width, height, width, squares + n, bytes + n);
}
