/* A stream of random draws, the same as draws.py's: splitmix64 (Steele, Lea & Flood 2014).

   Every offspring has a stream of its own, so that the number of threads changes no draw. */

#ifndef COEVO_DRAWS_H
#define COEVO_DRAWS_H

#include <math.h>

#include "native.h"

typedef uint64_t Draws; /* begins as a seed */

INLINE uint64_t draw_bits(Draws *draws) {
    uint64_t z = (*draws += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A whole number from 0 to n - 1. */
INLINE int64_t draw_below(Draws *draws, int64_t n) { return (int64_t)(((draw_bits(draws) >> 32) * (uint64_t)n) >> 32); }

/* A number from 0 to 1, 1 excluded. */
INLINE double draw_uniform(Draws *draws) { return (double)(draw_bits(draws) >> 11) * 0x1p-53; }

INLINE double draw_between(Draws *draws, double low, double high) { return low + (high - low) * draw_uniform(draws); }

/* A normal number (Box & Muller 1958). */
INLINE double draw_normal(Draws *draws) {
    double radius = sqrt(-2 * log(1 - draw_uniform(draws)));
    return radius * cos(6.283185307179586 * draw_uniform(draws));
}

#endif
