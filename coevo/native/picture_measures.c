/* Measures of pictures that critics written in HERCL read; plugins/coevo_hercl/measures.py says what each one is.

   All sums are of whole numbers, so that they are the same in any order and in NumPy. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "native.h"

#define TONES 256
#define CLUSTERS 4
#define PATCHES 5
#define ROUNDS 16       /* of k-means, at most */
#define FINE 16         /* parts of a unit in which lengths of gradients are counted */
#define SHIFT 20        /* binary places that corner responses lose, so that they fit 32 bits */
#define WHOLE 65535     /* the largest corner response, as corners are averaged */

typedef struct {
    int64_t channels, height, width;
} Size;

typedef struct {
    int32_t area;    /* pixels */
    int64_t sums[3]; /* of their tones, by plane */
} Patch;

typedef struct {
    uint8_t *grey, *lightness, *saturation, *hue; /* [height · width] */
    uint8_t *half[4];                             /* the same at half the size */
    int16_t *across, *down;                       /* Sobel's gradient */
    int32_t *corners;                             /* responses of Harris' detector */
    uint8_t *cluster, *seen;                      /* of pixels at half the size */
    int32_t *stack, *left, *right;                /* a patch: pixels to visit, and its extent in every row */
    int64_t (*hull)[2];
} Room;

INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/* Grey, and hue, lightness and saturation of a colour picture, all from 0 to 255. */
static void split(const uint8_t *picture, Size size, Room *room) {
    int64_t pixels = size.height * size.width;
    if (size.channels == 1) {
        room->grey = room->lightness = (uint8_t *)picture;
        return;
    }
    const uint8_t *red = picture, *green = picture + pixels, *blue = picture + 2 * pixels;
    for (int64_t i = 0; i < pixels; i++) {
        int r = red[i], g = green[i], b = blue[i];
        int high = r > g ? r : g, low = r < g ? r : g;
        high = high > b ? high : b, low = low < b ? low : b;
        int chroma = high - low, both = high + low, room_for = both <= 255 ? both : 510 - both;
        room->grey[i] = (uint8_t)((299 * r + 587 * g + 114 * b + 500) / 1000);
        room->lightness[i] = (uint8_t)((both + 1) / 2);
        room->saturation[i] = chroma ? (uint8_t)((510 * chroma + room_for) / (2 * room_for)) : 0;
        if (!chroma) {
            room->hue[i] = 0;
            continue;
        }
        int way = high == r ? g - b : high == g ? b - r + 2 * chroma : r - g + 4 * chroma;
        int around = (way + 6 * chroma) % (6 * chroma);
        room->hue[i] = (uint8_t)((512 * around + 6 * chroma) / (12 * chroma));
    }
}

/* Mean and standard deviation of a plane, in [0, 1]. */
static float *moments(const uint8_t *plane, int64_t pixels, float *out) {
    int64_t sum = 0, squares = 0;
    for (int64_t i = 0; i < pixels; i++) {
        sum += plane[i];
        squares += plane[i] * plane[i];
    }
    double mean = (double)sum / (double)pixels, variance = (double)squares / (double)pixels - mean * mean;
    *out++ = (float)(mean / 255);
    *out++ = (float)(sqrt(variance > 0 ? variance : 0) / 255);
    return out;
}

static float entropy(const uint8_t *grey, int64_t pixels) {
    int64_t counts[TONES] = {0};
    double sum = 0;
    for (int64_t i = 0; i < pixels; i++) counts[grey[i]]++;
    for (int tone = 0; tone < TONES; tone++) {
        double share = (double)counts[tone] / (double)pixels;
        if (share > 0) sum -= share * log(share);
    }
    return (float)(sum / log(TONES));
}

/* Sobel's gradient, and mean and standard deviation of its length, where black beside white is 1. */
EVERY_PROCESSOR static float *edges(Size size, Room *room, float *out) {
    int64_t pixels = size.height * size.width, last = size.width - 1, sum = 0, squares = 0;
    for (int64_t y = 0; y < size.height; y++) {
        const uint8_t *at = room->grey + y * size.width, *above = y ? at - size.width : at,
                      *below = y + 1 < size.height ? at + size.width : at;
        int16_t *across = room->across + y * size.width, *down = room->down + y * size.width;
        for (int64_t x = 1; x < last; x++) {
            across[x] = (int16_t)(above[x + 1] + 2 * at[x + 1] + below[x + 1] - above[x - 1] - 2 * at[x - 1] - below[x - 1]);
            down[x] = (int16_t)(below[x - 1] + 2 * below[x] + below[x + 1] - above[x - 1] - 2 * above[x] - above[x + 1]);
        }
        for (int64_t x = 0; x < size.width; x += last ? last : 1) { /* beyond the border is the border again */
            int64_t l = x ? x - 1 : x, r = smaller(x + 1, last);
            across[x] = (int16_t)(above[r] + 2 * at[r] + below[r] - above[l] - 2 * at[l] - below[l]);
            down[x] = (int16_t)(below[l] + 2 * below[x] + below[r] - above[l] - 2 * above[x] - above[r]);
        }
    }
    for (int64_t y = 0; y < size.height; y++) {
        const int16_t *across = room->across + y * size.width, *down = room->down + y * size.width;
        int64_t row = 0, row_squares = 0;
        for (int64_t x = 0; x < size.width; x++) {
            int32_t square = across[x] * across[x] + down[x] * down[x];
            int32_t length = (int32_t)(sqrtf((float)square) * FINE + 0.5f);
            row += length;
            row_squares += (int64_t)length * length;
        }
        sum += row;
        squares += row_squares;
    }
    double mean = (double)sum / (double)pixels, variance = (double)squares / (double)pixels - mean * mean;
    *out++ = (float)(mean / (FINE * 4 * 255));
    *out++ = (float)(sqrt(variance > 0 ? variance : 0) / (FINE * 4 * 255));
    return out;
}

/* Harris & Stephens 1988, with windows of 2 × 2 pixels and k = 1/25. */
EVERY_PROCESSOR static float *corners(Size size, Room *room, float *out) {
    int64_t pixels = size.height * size.width, count = 0, sum = 0;
    int32_t most = 0;
    for (int64_t y = 0; y < size.height; y++) {
        int64_t here = y * size.width, above = (y ? y - 1 : y) * size.width;
        const int16_t *across = room->across, *down = room->down;
        for (int64_t x = 0; x < size.width; x++) {
            int64_t l = x - (x > 0);
            int64_t i = here + x, j = here + l, m = above + x, n = above + l;
            int64_t a = across[i] * across[i] + across[j] * across[j] + across[m] * across[m] + across[n] * across[n];
            int64_t b = across[i] * down[i] + across[j] * down[j] + across[m] * down[m] + across[n] * down[n];
            int64_t c = down[i] * down[i] + down[j] * down[j] + down[m] * down[m] + down[n] * down[n];
            int32_t response = (int32_t)((25 * (a * c - b * b) - (a + c) * (a + c)) >> SHIFT);
            room->corners[i] = response;
            most = response > most ? response : most;
        }
    }
    for (int64_t i = 0; most && i < pixels; i++) {
        if (255 * (int64_t)room->corners[i] <= 90 * (int64_t)most) continue;
        count++;
        sum += (int64_t)room->corners[i] * WHOLE / most;
    }
    *out++ = count ? (float)((double)sum / ((double)count * WHOLE)) : 0;
    *out++ = (float)sqrt((double)count / (double)pixels);
    return out;
}

/* A plane at half its size: every pixel is the mean of four. */
static void halve(const uint8_t *plane, Size size, uint8_t *half) {
    int64_t width = size.width / 2;
    for (int64_t y = 0; y < size.height / 2; y++) {
        const uint8_t *at = plane + 2 * y * size.width, *below = at + size.width;
        for (int64_t x = 0; x < width; x++)
            half[y * width + x] = (uint8_t)((at[2 * x] + at[2 * x + 1] + below[2 * x] + below[2 * x + 1] + 2) >> 2);
    }
}

/* Lloyd's k-means on the histogram of tones; the first means are spread over their range. */
static void clusters(const uint8_t *grey, int64_t pixels, uint8_t *cluster) {
    int64_t counts[TONES] = {0};
    uint8_t of[TONES] = {0};
    int low = 0, high = TONES - 1;
    for (int64_t i = 0; i < pixels; i++) counts[grey[i]]++;
    while (!counts[low]) low++;
    while (!counts[high]) high--;
    double means[CLUSTERS];
    for (int k = 0; k < CLUSTERS; k++) means[k] = low + (high - low) * (2 * k + 1) / (2.0 * CLUSTERS);
    for (int round = 0; round < ROUNDS; round++) {
        int64_t number[CLUSTERS] = {0}, sums[CLUSTERS] = {0};
        int moved = 0;
        for (int tone = low; tone <= high; tone++) {
            int nearest = 0;
            for (int k = 1; k < CLUSTERS; k++)
                if (fabs(tone - means[k]) < fabs(tone - means[nearest])) nearest = k;
            of[tone] = (uint8_t)nearest;
            number[nearest] += counts[tone];
            sums[nearest] += counts[tone] * tone;
        }
        for (int k = 0; k < CLUSTERS; k++) {
            if (!number[k]) continue;
            double mean = (double)sums[k] / (double)number[k];
            moved |= mean != means[k];
            means[k] = mean;
        }
        if (!moved) break;
    }
    for (int64_t i = 0; i < pixels; i++) cluster[i] = of[grey[i]];
}

/* Twice the area of a patch's convex hull: of its pixels as squares, by their corners row by row (Andrew 1979). */
static int64_t hull_area(const int32_t *left, const int32_t *right, int64_t top, int64_t bottom, int64_t (*hull)[2]) {
    int64_t twice = 0;
    for (int side = 0; side < 2; side++) { /* the left chain downwards, then the right one */
        int64_t count = 0;
        for (int64_t line = 2 * top; line < 2 * bottom + 2; line++) {
            int64_t x = side ? right[line / 2] + 1 : left[line / 2], y = (line + 1) / 2;
            while (count > 1) {
                int64_t *a = hull[count - 2], *b = hull[count - 1];
                int64_t turn = (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]);
                if (side ? turn > 0 : turn < 0) break; /* it bends the right way */
                count--;
            }
            hull[count][0] = x, hull[count][1] = y;
            count++;
        }
        for (int64_t i = 1; i < count; i++) {
            int64_t area = (hull[i - 1][0] + hull[i][0]) * (hull[i][1] - hull[i - 1][1]);
            twice += side ? area : -area;
        }
    }
    return twice;
}

/* Visit one patch from its first pixel; its extent is left in room. */
static Patch visit(int64_t first, int64_t height, int64_t width, int planes, Room *room, int64_t *bottom) {
    Patch patch = {0, {0}};
    uint8_t cluster = room->cluster[first];
    int64_t waiting = 0;
    *bottom = first / width;
    room->stack[waiting++] = (int32_t)first;
    room->seen[first] = 1;
    room->left[*bottom] = (int32_t)width, room->right[*bottom] = -1;
    while (waiting) {
        int32_t at = room->stack[--waiting];
        int32_t y = at / (int32_t)width, x = at % (int32_t)width;
        patch.area++;
        for (int p = 0; p < planes; p++) patch.sums[p] += room->half[1 + p][at];
        while (*bottom < y) {
            ++*bottom;
            room->left[*bottom] = (int32_t)width, room->right[*bottom] = -1;
        }
        if (x < room->left[y]) room->left[y] = x;
        if (x > room->right[y]) room->right[y] = x;
#define GO(allowed, to)                                                        \
    if (allowed && !room->seen[to] && room->cluster[to] == cluster) {          \
        room->seen[to] = 1;                                                    \
        room->stack[waiting++] = (int32_t)(to);                                \
    }
        GO(x > 0, at - 1)
        GO(x + 1 < width, at + 1)
        GO(y > 0, at - width)
        GO(y + 1 < height, at + width)
#undef GO
    }
    return patch;
}

/* The largest patches of one cluster: their number, tones and sizes; and the share of the picture in convex ones. */
static float *patches(Size size, Room *room, float *out) {
    int64_t height = size.height / 2, width = size.width / 2, pixels = height * width, convex = 0, found = 0;
    int planes = size.channels == 1 ? 1 : 3;
    Patch largest[PATCHES] = {{0}};
    clusters(room->half[0], pixels, room->cluster);
    memset(room->seen, 0, (size_t)pixels);
    for (int64_t first = 0; first < pixels; first++) {
        if (room->seen[first]) continue;
        int64_t bottom;
        Patch patch = visit(first, height, width, planes, room, &bottom);
        if (200 * (int64_t)patch.area > pixels) { /* Datta et al. 2006, f56: patches of more than 0.5 % */
            int64_t twice = hull_area(room->left, room->right, first / width, bottom, room->hull);
            if (10 * (int64_t)patch.area >= 4 * twice) convex += patch.area; /* area / hull ≥ 0.8 */
        }
        if (100 * (int64_t)patch.area <= pixels) continue;
        int place = (int)smaller(found, PATCHES);
        while (place > 0 && largest[place - 1].area < patch.area) {
            if (place < PATCHES) largest[place] = largest[place - 1];
            place--;
        }
        if (place < PATCHES) largest[place] = patch;
        found++;
    }
    *out++ = (float)smaller(found, PATCHES) / PATCHES;
    for (int i = 0; i < PATCHES; i++)
        for (int p = 0; p < planes; p++)
            *out++ = largest[i].area ? (float)((double)largest[i].sums[p] / (255.0 * largest[i].area)) : 0;
    for (int i = 0; i < PATCHES; i++) *out++ = (float)((double)largest[i].area / (double)pixels);
    *out++ = (float)((double)convex / (double)pixels);
    return out;
}

static void measure(const uint8_t *picture, Size size, Room room, float *out) {
    int64_t pixels = size.height * size.width;
    split(picture, size, &room);
    out = moments(room.lightness, pixels, out);
    if (size.channels == 3) {
        out = moments(room.saturation, pixels, out);
        out = moments(room.hue, pixels, out);
    }
    *out++ = entropy(room.grey, pixels);
    out = edges(size, &room, out);
    halve(room.grey, size, room.half[0]);
    halve(room.lightness, size, room.half[1]);
    if (size.channels == 3) {
        halve(room.saturation, size, room.half[2]);
        halve(room.hue, size, room.half[3]);
    }
    out = patches(size, &room, out);
    corners(size, &room, out);
}

/* Measure pictures uint8 [count, channels, height, width]; 0 if there is no memory. */
PUBLIC int64_t coevo_measure_pictures(const uint8_t *pictures, int64_t count, int64_t channels, int64_t height,
                                      int64_t width, int64_t measures, float *out) {
    size_t pixels = (size_t)(height * width), quarter = pixels / 4 + 1, rows = (size_t)height;
    size_t hull = (2 * rows + 4) * sizeof(int64_t[2]);
    char *memory = malloc(hull + pixels * (4 + 4 + 4) + quarter * (4 + 4 + 2) + 2 * rows * 4 + 64);
    if (!memory) return 0;
    char *at = memory;
#define TAKE(type, number) (type *)at; at += sizeof(type) * (number)
    Room room;
    room.hull = (int64_t(*)[2])at;
    at += hull;
    room.corners = TAKE(int32_t, pixels);
    room.stack = TAKE(int32_t, quarter);
    room.left = TAKE(int32_t, rows);
    room.right = TAKE(int32_t, rows);
    room.across = TAKE(int16_t, pixels);
    room.down = TAKE(int16_t, pixels);
    room.grey = TAKE(uint8_t, pixels);
    room.lightness = TAKE(uint8_t, pixels);
    room.saturation = TAKE(uint8_t, pixels);
    room.hue = TAKE(uint8_t, pixels);
    for (int plane = 0; plane < 4; plane++) {
        room.half[plane] = TAKE(uint8_t, quarter);
    }
    room.cluster = TAKE(uint8_t, quarter);
    room.seen = TAKE(uint8_t, quarter);
#undef TAKE
    Size size = {channels, height, width};
    for (int64_t n = 0; n < count; n++)
        measure(pictures + n * channels * (int64_t)pixels, size, room, out + n * measures);
    free(memory);
    return 1;
}
