/* A swarm's walk over its canvas, and the picture of its trail. plugins/coevo_swarm has the same in NumPy (walking.py,
   painting.py), and says what it all means.

   A place on the canvas is two whole numbers of 32 bits, so that it wraps around by itself; a heading is one of TURN.
   Every draw is the one of that number in the colony's stream (draws.h), so that no order of work changes it. */

#include <stdlib.h>

#include "draws.h"

enum { SIDE = 128, CELLS = SIDE * SIDE, SHIFT = 32 - 7, TURN = 4096, SCENTS = 3, INK = 3, FIELDS = 4, LONGEST = 12 };
enum { UNIT = 14 };               /* bits of a direction's length */
enum { LINE, JOINED, CELL, BARE }; /* kinds of strokes */
static const float NOTHING = 1e-6f; /* a scent below this counts as none */

typedef struct {
    int32_t begin, end; /* steps */
    int32_t speed, reach; /* of 2^32 a canvas */
    int32_t curl, jitter, turn, angle; /* of TURN */
    int32_t pen;                       /* the field that it obeys; -1: always down */
    int32_t moves, states, rule[LONGEST]; /* of a turmite; 0 states: an ant */
    float likes[FIELDS], lays[SCENTS], pen_low, pen_high, ink;
} Caste;

typedef struct {
    uint32_t x, y;
    int32_t heading, caste;
    int32_t dx, dy; /* of its last stroke; both 0: its pen was up */
} Ant;

typedef struct {
    uint32_t x, y;
    int32_t dx, dy, before_x, before_y; /* to its end, and of the stroke before that it goes on from */
    uint8_t caste, kind, tone, unused;
} Stroke;

INLINE int64_t cell_of(uint32_t x, uint32_t y) { return (int64_t)(y >> SHIFT) * SIDE + (x >> SHIFT); }

INLINE int32_t along(int32_t length, int32_t unit) { return (int32_t)(((int64_t)length * unit) >> UNIT); }

/* How strong a scent seems to an ant: 0 if there is none, and never above 1. */
INLINE float sensed(float scent) { return scent / (scent + 1); }

INLINE float liking(const Caste *its, float *const fields[FIELDS], const Ant *ant, int32_t heading,
                    const int32_t *directions) {
    const int32_t *unit = directions + 2 * (heading & (TURN - 1));
    const int32_t dx = along(its->reach, unit[0]), dy = along(its->reach, unit[1]);
    const int64_t cell = cell_of(ant->x + (uint32_t)dx, ant->y + (uint32_t)dy);
    float sum = 0;
    for (int f = 0; f < FIELDS; f++)
        if (its->likes[f] != 0) sum += its->likes[f] * sensed(fields[f][cell]);
    return sum;
}

/* An ant turns to where its antennae smell most of what it likes, and moves. */
INLINE void walk(const Caste *its, float *const fields[FIELDS], Ant *ant, uint64_t bits, const int32_t *directions) {
    float ahead = liking(its, fields, ant, ant->heading, directions);
    float left = liking(its, fields, ant, ant->heading - its->angle, directions);
    float right = liking(its, fields, ant, ant->heading + its->angle, directions);
    int way = left > right ? -1 : right > left ? 1 : bits & 1 ? 1 : -1;
    if (ahead >= left && ahead >= right) way = 0;
    int32_t jitter = (int32_t)(((bits >> 32) * (uint64_t)(2 * its->jitter + 1)) >> 32) - its->jitter;
    ant->heading = (ant->heading + way * its->turn + its->curl + jitter) & (TURN - 1);
}

INLINE void lay(const Caste *its, float *const fields[FIELDS], int64_t cell, int painted) {
    for (int s = 0; s < SCENTS; s++) fields[s][cell] += its->lays[s];
    if (painted) fields[INK][cell] += its->ink;
}

INLINE uint8_t tone_of(const Caste *its, int64_t step) {
    return (uint8_t)(255 * (step - its->begin) / (its->end - its->begin));
}

INLINE float mixed(float here, float above, float below, float left, float right, float kept, float shared) {
    const float mean = ((above + below) + (left + right)) * 0.25f;
    const float next = kept * (here + shared * (mean - here));
    return next < NOTHING ? 0 : next;
}

/* Every cell keeps its part, shares some with its four neighbours, and loses some. */
EVERY_PROCESSOR
static void spread(const float *restrict from, float *restrict to, float kept, float shared) {
    const int64_t last = SIDE - 1;
    for (int64_t y = 0; y < SIDE; y++) {
        const float *restrict here = from + y * SIDE;
        const float *restrict above = from + (y ? y - 1 : last) * SIDE;
        const float *restrict below = from + (y < last ? y + 1 : 0) * SIDE;
        float *restrict out = to + y * SIDE;
        out[0] = mixed(here[0], above[0], below[0], here[last], here[1], kept, shared);
        for (int64_t x = 1; x < last; x++)
            out[x] = mixed(here[x], above[x], below[x], here[x - 1], here[x + 1], kept, shared);
        out[last] = mixed(here[last], above[last], below[last], here[last - 1], here[0], kept, shared);
    }
}

/* The strokes of a colony in the order in which they are made; their number, or -1 if there is no memory.

   scents: what is kept and what is shared of each in a step; directions: TURN unit vectors. */
PUBLIC int64_t coevo_swarm_walk(const Caste *castes, Ant *ants, int64_t count, const float *scents,
                                const int32_t *directions, int64_t steps, uint64_t seed, Stroke *strokes) {
    float *memory = calloc((FIELDS + 1) * CELLS, sizeof(float));
    uint8_t *states = calloc(CELLS, 1), *painted = malloc(count), *seen = malloc(count);
    if (!memory || !states || !painted || !seen) {
        free(memory), free(states), free(painted), free(seen);
        return -1;
    }
    float *fields[FIELDS], *spare = memory + FIELDS * CELLS;
    for (int f = 0; f < FIELDS; f++) fields[f] = memory + f * CELLS;
    int laid[SCENTS] = {0};
    int64_t most = 0, made = 0;
    for (int64_t a = 0; a < count; a++) {
        const Caste *its = castes + ants[a].caste;
        for (int s = 0; s < SCENTS; s++) laid[s] |= its->lays[s] > 0;
        if (its->moves > most) most = its->moves;
    }
    for (int64_t step = 0; step < steps; step++) {
        for (int64_t a = 0; a < count; a++) {
            Ant *ant = ants + a;
            const Caste *its = castes + ant->caste;
            if (its->states || step < its->begin || step >= its->end) continue;
            Draws draws = seed + (uint64_t)(step * count + a) * 0x9e3779b97f4a7c15u;
            walk(its, fields, ant, draw_bits(&draws), directions);
            const int32_t *unit = directions + 2 * ant->heading;
            const int32_t dx = along(its->speed, unit[0]), dy = along(its->speed, unit[1]);
            const float scent = its->pen < 0 ? 0 : sensed(fields[its->pen][cell_of(ant->x, ant->y)]);
            painted[a] = its->pen < 0 || (its->pen_low <= scent && scent <= its->pen_high);
            if (painted[a]) {
                const uint8_t caste = (uint8_t)ant->caste, kind = ant->dx || ant->dy ? JOINED : LINE;
                const uint8_t tone = tone_of(its, step);
                strokes[made++] = (Stroke){ant->x, ant->y, dx, dy, ant->dx, ant->dy, caste, kind, tone, 0};
            }
            ant->x += (uint32_t)dx, ant->y += (uint32_t)dy;
            ant->dx = painted[a] ? dx : 0, ant->dy = painted[a] ? dy : 0;
        }
        for (int64_t a = 0; a < count; a++) { /* all have moved before the first lays */
            const Caste *its = castes + ants[a].caste;
            if (its->states || step < its->begin || step >= its->end) continue;
            lay(its, fields, cell_of(ants[a].x, ants[a].y), painted[a]);
        }
        for (int64_t move = 0; move < most; move++) {
            for (int64_t a = 0; a < count; a++) seen[a] = states[cell_of(ants[a].x, ants[a].y)];
            for (int64_t a = 0; a < count; a++) {
                Ant *ant = ants + a;
                const Caste *its = castes + ant->caste;
                if (move >= its->moves || !its->states || step < its->begin || step >= its->end) continue;
                const int state = seen[a] % its->states, next = (state + 1) % its->states;
                const int64_t cell = cell_of(ant->x, ant->y);
                const uint8_t tone = next ? (uint8_t)(255 * (next - 1) / (its->states > 2 ? its->states - 2 : 1)) : 0;
                states[cell] = (uint8_t)next;
                const uint8_t caste = (uint8_t)ant->caste, kind = next ? CELL : BARE;
                strokes[made++] = (Stroke){ant->x, ant->y, 0, 0, 0, 0, caste, kind, tone, 0};
                lay(its, fields, cell, 1);
                ant->heading = (ant->heading + its->rule[state]) & (TURN - 1);
                const int32_t *unit = directions + 2 * ant->heading;
                ant->x += (uint32_t)along(1 << SHIFT, unit[0]), ant->y += (uint32_t)along(1 << SHIFT, unit[1]);
            }
        }
        for (int s = 0; s < SCENTS; s++) {
            if (!laid[s]) continue;
            float *const before = fields[s];
            spread(before, spare, scents[2 * s], scents[2 * s + 1]);
            fields[s] = spare, spare = before;
        }
    }
    free(memory), free(states), free(painted), free(seen);
    return made;
}

typedef struct {
    float width, opacity; /* of the side; of full coverage */
    float colour[3], end_colour[3], bare[3];
} Brush;

/* How much of a pixel, whose middle is at (x, y), is covered by a line from 0 to (dx, dy): a disc drawn along it. */
INLINE float covered(float x, float y, float dx, float dy, float inverse, float reach) {
    float t = (x * dx + y * dy) * inverse;
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    const float u = x - t * dx, v = y - t * dy;
    const float left = reach - sqrtf(u * u + v * v);
    return left < 0 ? 0 : left > 1 ? 1 : left;
}

/* How much of the pixel from p to p + 1 lies between two borders. */
INLINE float overlap(float p, float low, float high) {
    const float from = p > low ? p : low, to = p + 1 < high ? p + 1 : high;
    return to > from ? to - from : 0;
}

/* Paint strokes over rows top to bottom of a square picture, [channels, bottom - top, side] in [0, 1]. */
EVERY_PROCESSOR
PUBLIC void coevo_swarm_paint(const Stroke *strokes, int64_t count, const Brush *brushes, int64_t channels,
                              int64_t side, int64_t top, int64_t bottom, float *picture) {
    const double scale = (double)side * 0x1p-32;
    const int64_t plane = (bottom - top) * side;
    for (int64_t i = 0; i < count; i++) {
        const Stroke *stroke = strokes + i;
        const Brush *brush = brushes + stroke->caste;
        const float tone = stroke->tone / 255.0f;
        float colour[3];
        for (int64_t c = 0; c < channels; c++)
            colour[c] = stroke->kind == BARE ? brush->bare[c]
                                             : brush->colour[c] + tone * (brush->end_colour[c] - brush->colour[c]);
        const int square = stroke->kind == CELL || stroke->kind == BARE, joined = stroke->kind == JOINED;
        const float full = brush->width * (float)side * 0.5f, radius = full < 0.5f ? 0.5f : full;
        const float opacity = square ? brush->opacity : brush->opacity * (full / radius), reach = radius + 0.5f;
        float x = (float)(stroke->x * scale), y = (float)(stroke->y * scale);
        const float dx = (float)(stroke->dx * scale), dy = (float)(stroke->dy * scale);
        const float bx = (float)(stroke->before_x * scale), by = (float)(stroke->before_y * scale);
        const float length = dx * dx + dy * dy, inverse = length > 0 ? 1 / length : 0;
        const float length_before = bx * bx + by * by, inverse_before = length_before > 0 ? 1 / length_before : 0;
        /* lines reach pixels whose middle is in between, and cells all that they touch */
        float west = x + (dx < 0 ? dx : 0) - reach, east = x + (dx > 0 ? dx : 0) + reach;
        float north = y + (dy < 0 ? dy : 0) - reach, south = y + (dy > 0 ? dy : 0) + reach;
        int64_t first_row = (int64_t)ceilf(north - 0.5f), last_row = (int64_t)floorf(south - 0.5f);
        int64_t first_column = (int64_t)ceilf(west - 0.5f), last_column = (int64_t)floorf(east - 0.5f);
        if (square) {
            const double cell = (double)side / SIDE;
            west = (float)((stroke->x >> SHIFT) * cell), east = (float)(((stroke->x >> SHIFT) + 1) * cell);
            north = (float)((stroke->y >> SHIFT) * cell), south = (float)(((stroke->y >> SHIFT) + 1) * cell);
            first_row = (int64_t)floorf(north), last_row = (int64_t)ceilf(south) - 1;
            first_column = (int64_t)floorf(west), last_column = (int64_t)ceilf(east) - 1;
        }
        for (int64_t row = first_row; row <= last_row; row++) {
            const int64_t line = around(row, side); /* beyond an edge is the other one */
            if (line < top || line >= bottom) continue;
            float *out = picture + (line - top) * side;
            const float down = (float)row + 0.5f - y, share = square ? overlap((float)row, north, south) : 0;
            for (int64_t column = first_column; column <= last_column; column++) {
                float cover, before = 0;
                if (square) {
                    cover = share * overlap((float)column, west, east);
                } else {
                    const float right = (float)column + 0.5f - x;
                    cover = covered(right, down, dx, dy, inverse, reach);
                    if (joined && cover > 0) before = covered(right + bx, down + by, bx, by, inverse_before, reach);
                }
                if (cover <= before) continue;
                /* as much as is missing from full cover, where the stroke before has left its part */
                const float paint = (cover - before) * opacity / (1 - before * opacity);
                float *pixel = out + around(column, side);
                for (int64_t c = 0; c < channels; c++) pixel[c * plane] += paint * (colour[c] - pixel[c * plane]);
            }
        }
    }
}
