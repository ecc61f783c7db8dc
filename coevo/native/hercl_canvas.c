/* The canvas of HERCL's programs: messages become lines, and lines become pixels. plugins/coevo_hercl/canvas.py does the
   same without a compiler. */

#include "hercl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 128, CENTRE = 64, WIDTH = 3, FARTHEST = 15, GRID = 1 << 16 };
enum { TOGGLE, FORWARD, TURN, SIZE, COLOUR, KINDS };
enum { LIGHTNESS, HUE, SATURATION };

typedef struct {
    float x0, y0, x1, y1;
    uint8_t width, inks[3];
} Line;

typedef struct {
    double x, y, angle; /* degrees */
    int down, width, colour;
    int64_t tones[3]; /* lightness, hue and saturation */
    uint8_t inks[3];
} Pen;

/* A whole number modulo n. */
INLINE int64_t modulo(double x, int64_t n) {
    const int64_t rest = (int64_t)fmod(rint(x), (double)n);
    return rest < 0 ? rest + n : rest;
}

INLINE double within(double x, double low, double high) { return x < low ? low : x > high ? high : x; }

/* A channel of hue, lightness and saturation, as Python's colorsys has it. */
INLINE double channel(double low, double high, double hue) {
    hue -= floor(hue);
    if (hue < 1.0 / 6) return low + (high - low) * hue * 6;
    if (hue < 0.5) return high;
    return hue < 2.0 / 3 ? low + (high - low) * (2.0 / 3 - hue) * 6 : low;
}

INLINE void mix(Pen *pen) {
    if (!pen->colour) {
        memset(pen->inks, (int)pen->tones[LIGHTNESS], sizeof pen->inks);
        return;
    }
    const double light = (double)pen->tones[LIGHTNESS] / 255, hue = (double)pen->tones[HUE] / 256;
    const double saturation = (double)pen->tones[SATURATION] / 255;
    const double high = light <= 0.5 ? light * (1 + saturation) : light + saturation - light * saturation;
    for (int i = 0; i < 3; i++)
        pen->inks[i] = (uint8_t)rint(255 * channel(2 * light - high, high, hue + (1 - i) * (1.0 / 3)));
}

/* Places lie on a grid, so that the last bits of sines change no pixel. */
INLINE double moved(double from, double way) { return within((rint((from + way) * GRID) + 0.0) / GRID, 0, SIDE - 1); }

/* The lines of one program's messages; their number. */
static int64_t follow(const double *items, const int32_t *lengths, int64_t count, int64_t room, int64_t colour,
                      Line *lines) {
    Pen pen = {CENTRE, CENTRE, 0, 1, WIDTH, colour != 0, {colour ? 127 : 0, 0, 255}, {0}};
    mix(&pen);
    int64_t made = 0;
    for (int64_t m = 0; m < count; m++, items += room) {
        const int32_t length = lengths[m];
        int good = 1;
        for (int32_t i = 0; i < length; i++) good &= isfinite(items[i]) != 0;
        if (!length || !good) continue;
        switch (modulo(items[0], KINDS)) {
        case TOGGLE: pen.down = !pen.down; break;
        case FORWARD: {
            double way = length > 1 ? items[1] : 1;
            if (pen.down) way = within(way, -FARTHEST, FARTHEST);
            const double turned = pen.angle * (3.14159265358979323846 / 180);
            const double x = moved(pen.x, way * sin(turned)), y = moved(pen.y, way * cos(turned));
            if (pen.down) {
                Line *line = lines + made++;
                *line = (Line){(float)pen.x, (float)pen.y, (float)x, (float)y, (uint8_t)pen.width, {0}};
                memcpy(line->inks, pen.inks, sizeof pen.inks);
            }
            pen.x = x, pen.y = y;
            break;
        }
        case TURN: pen.angle = fmod(pen.angle + (length > 1 ? items[1] : 10), 360); break;
        case SIZE: {
            const int64_t width = length > 1 ? modulo(items[1], 4) : 0;
            pen.width = width ? (int)width : 1;
            break;
        }
        case COLOUR:
            for (int32_t i = 1; i < length && i < 4; i++) pen.tones[i - 1] = modulo(items[i], 256);
            mix(&pen);
            break;
        }
    }
    return made;
}

/* The lines of programs from first to last, [.., messages], and their numbers. Results are of one trial each. */
PUBLIC int64_t coevo_hercl_lines(const HerclResults *results, int64_t messages, int64_t items, int64_t colour, Line *lines,
                                 int64_t *counts, int64_t first, int64_t last) {
    for (int64_t i = first; i < last; i++)
        counts[i] = follow(results->items + i * messages * items, results->lengths + i * messages, results->counts[i],
                           items, colour, lines + i * messages);
    return 1;
}

enum { LARGEST = 16384, THICKEST = LARGEST / SIDE * 3 };

/* A round brush: from where to where it reaches in each of its rows. */
typedef struct {
    int diameter;
    int16_t begin[THICKEST], end[THICKEST];
} Brush;

static void shape(Brush *brush, int64_t width, int64_t size) {
    const int d = (int)rint((double)(width * size) / SIDE), diameter = d ? d : 1;
    brush->diameter = diameter;
    for (int row = 0; row < diameter; row++) {
        const int down = 2 * row - (diameter - 1);
        int begin = 0;
        for (int across = 1 - diameter; across * across + down * down > diameter * diameter; across += 2) begin++;
        brush->begin[row] = (int16_t)begin, brush->end[row] = (int16_t)(diameter - begin);
    }
}

/* Rows from `top` on of a picture of size * size px. */
typedef struct {
    uint8_t *pixels; /* [channels, rows, size] */
    int64_t size, channels, top, rows;
} Band;

INLINE void fill(const Band *band, const uint8_t *inks, int64_t row, int64_t begin, int64_t end) {
    const int64_t from = begin < 0 ? 0 : begin, to = end > band->size ? band->size : end;
    for (int64_t c = 0; c < band->channels; c++) {
        uint8_t *line = band->pixels + (c * band->rows + row) * band->size;
        for (int64_t i = from; i < to; i++) line[i] = inks[c];
    }
}

/* Put a brush on a pixel. If it came by a step right and below, only what it did not cover before is painted. */
INLINE void stamp(const Band *band, const Brush *brush, const uint8_t *inks, int64_t x, int64_t y, int came, int64_t right,
                  int64_t below) {
    x -= (brush->diameter - 1) / 2, y -= (brush->diameter - 1) / 2 + band->top;
    const int64_t last = band->rows - y < brush->diameter ? band->rows - y : brush->diameter;
    for (int64_t row = y < 0 ? -y : 0; row < last; row++) {
        const int64_t begin = x + brush->begin[row], end = x + brush->end[row], before = row + below;
        if (!came || before < 0 || before >= brush->diameter) {
            fill(band, inks, y + row, begin, end);
            continue;
        }
        const int64_t old_begin = x - right + brush->begin[before], old_end = x - right + brush->end[before];
        fill(band, inks, y + row, begin, end < old_begin ? end : old_begin);
        fill(band, inks, y + row, begin > old_end ? begin : old_end, end);
    }
}

INLINE int64_t pixel(float place, int64_t size) { return (int64_t)floor(((double)place + 0.5) * (double)size / SIDE); }

/* A line of pixels that touch at sides or corners: the longer way goes by single pixels, and the shorter one is rounded,
   halves away from the beginning. */
static void paint(const Band *band, const Brush *brush, const Line *line) {
    const int64_t x = pixel(line->x0, band->size), y = pixel(line->y0, band->size);
    const int64_t dx = pixel(line->x1, band->size) - x, dy = pixel(line->y1, band->size) - y;
    const int64_t high = dy < 0 ? y + dy : y, low = dy < 0 ? y : y + dy;
    if (low + brush->diameter < band->top || high - brush->diameter >= band->top + band->rows) return;
    const int64_t across = dx < 0 ? -dx : dx, down = dy < 0 ? -dy : dy, n = across > down ? across : down;
    stamp(band, brush, line->inks, x, y, 0, 0, 0);
    for (int64_t i = 1, u = n, v = n, p = x, q = y; i <= n; i++) {
        int64_t right = 0, below = 0;
        u += 2 * across, v += 2 * down;
        if (u >= 2 * n) u -= 2 * n, right = dx < 0 ? -1 : 1;
        if (v >= 2 * n) v -= 2 * n, below = dy < 0 ? -1 : 1;
        p += right, q += below;
        stamp(band, brush, line->inks, p, q, 1, right, below);
    }
}

/* Pictures [.., channels, rows, size] from first to last, from row `top` on; picture i has the lines from ends[i] to
   ends[i + 1]. */
PUBLIC int64_t coevo_hercl_paint(const Line *lines, const int64_t *ends, int64_t size, int64_t channels, int64_t top,
                                 int64_t rows, uint8_t *pictures, int64_t first, int64_t last) {
    Brush brushes[3];
    for (int64_t i = 0; i < 3; i++) shape(brushes + i, i + 1, size);
    const int64_t pixels = channels * rows * size;
    for (int64_t i = first; i < last; i++) {
        const Band band = {pictures + i * pixels, size, channels, top, rows};
        memset(band.pixels, 255, (size_t)pixels);
        for (int64_t at = ends[i]; at < ends[i + 1]; at++) paint(&band, brushes + lines[at].width - 1, lines + at);
    }
    return 1;
}
