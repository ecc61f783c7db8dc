/* The instruction set: functions of one, two or three numbers.

   All arithmetic is in the order written here, and nothing is contracted (-ffp-contract=off), so that the width of a
   vector does not change a bit. Polynomials: Moshier's Cephes (exp, log, power), Shibata's SLEEF (sine, arc tangent),
   Eigen (hyperbolic tangent). */

#ifndef COEVO_INSTRUCTIONS_H
#define COEVO_INSTRUCTIONS_H

#include <math.h>
#include <string.h>

#include "native.h"

/* Functions of one value. What is nearer to 0 than this is 0. */

#define TINY 1.17549435e-38f

INLINE float as_float(uint32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

INLINE uint32_t as_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return bits;
}

/* x between two numbers; what is not a number stays so. */
INLINE float within(float x, float low, float high) {
    x = low > x ? low : x;
    return high < x ? high : x;
}

/* The same; low, if it is not a number. */
INLINE float number_within(float x, float low, float high) {
    x = x > low ? x : low;
    return x < high ? x : high;
}

/* a * b + c, rounded once: the same on every processor, and one instruction on most. */
INLINE float fused(float a, float b, float c) { return fmaf(a, b, c); }

/* a + b x + c x^2 + d x^3 from x and its square: halves that do not wait for one another (Estrin). */
INLINE float cubic(float x, float xx, float a, float b, float c, float d) {
    return fused(fused(d, x, c), xx, fused(b, x, a));
}

/* value * 2^exponent, a whole number from -127, which gives 0, to 128, which gives infinity. */
INLINE float scaled(float value, float exponent) {
    return value * as_float((uint32_t)((int32_t)exponent + 127) << 23);
}

/* sin(rest) times (-1)^turns, from x = (turns + phase) * pi + rest with |rest| <= pi / 2; reduced in double precision.
   Adding 1.5 * 2^52 rounds to a whole number, whose last bit is then the last bit of all. */
INLINE float wave(float x, double phase) {
    const double wide = x, rounder = 6755399441055744.0;
    double rounded = fma(wide, 0.31830988618379067, -phase) + rounder, turns = rounded - rounder + phase, rest;
    uint64_t odd, bits;
    rest = fma(turns, -3.1415926535897931, wide);
    rest = fma(turns, -1.2246467991473532e-16, rest);
    memcpy(&odd, &rounded, 8);
    memcpy(&bits, &rest, 8);
    bits ^= odd << 63;
    memcpy(&rest, &bits, 8);
    float r = within((float)rest, -1.6f, 1.6f); /* beyond 1e15 no digit of x says where in its turn it is */
    float z = r * r;
    float s = cubic(z, z * z, -0.16666659712791443f, 0.008333078585565090f, -0.00019810690719168633f,
                    2.6083159809786593e-06f);
    return fused(s * z, r, r);
}

INLINE float sine(float x) { return wave(x, 0.0); }
INLINE float cosine(float x) { return -wave(x, 0.5); }

INLINE float exponential(float x) {
    float t = number_within(x, -88, 88.9f), k = rintf(t * 1.44269504088896341f);
    float r = fused(k, 2.12194440e-4f, fused(k, -0.693359375f, t));
    float rr = r * r, p = fused(1.9875691500e-4f, r, 1.3981999507e-3f);
    p = fused(p, rr * rr, cubic(r, rr, 5.0000001201e-1f, 1.6666665459e-1f, 4.1665795894e-2f, 8.3334519073e-3f));
    p = scaled(fused(p, rr, r) + 1, k);
    return x == x ? p : x;
}

/* |x| = (1 + rest) * 2^exponent, 1 + rest between the roots of 1/2 and of 2. */
INLINE float split(float x, float *exponent) {
    int32_t bits = (int32_t)as_bits(fabsf(x)) - 0x3f3504f3; /* the root of 1/2 */
    *exponent = (float)(bits >> 23);
    return as_float((uint32_t)(bits & 0x7fffff) + 0x3f3504f3) - 1;
}

/* ln(1 + x) - x */
INLINE float log_rest(float x) {
    float z = x * x, zz = z * z;
    float low = cubic(x, z, 3.3333331174e-1f, -2.4999993993e-1f, 2.0000714765e-1f, -1.6668057665e-1f);
    float high = cubic(x, z, 1.4249322787e-1f, -1.2420140846e-1f, 1.1676998740e-1f, -1.1514610310e-1f);
    float p = fused(fused(7.0376836292e-2f, zz, high), zz, low);
    return fused(p * x, z, -0.5f * z);
}

INLINE float logarithm(float x) {
    float e, m = split(x, &e), a = fabsf(x);
    float l = fused(e, 0.693359375f, m + fused(e, -2.12194440e-4f, log_rest(m)));
    l = a < INFINITY ? l : a; /* infinite, or not a number */
    return a < TINY ? -INFINITY : l;
}

/* 2^(y log2 |x|), the logarithm and its product in two parts each. */
INLINE float power(float x, float y) {
    float e, m = split(x, &e), a = fabsf(x);
    float fraction = fused(m, 1.44269504f, fused(m, 1.92596299e-8f, log_rest(m) * 1.44269504f));
    float l = e + fraction, l_rest = fraction - (l - e);
    l = a < INFINITY ? l : a;
    l = a < TINY ? -INFINITY : l;
    float t = l * y, t_rest = fused(l_rest, y, fused(l, y, -t));
    t_rest = fabsf(t) < 150 ? t_rest : 0;
    float near = number_within(t, -127, 128), k = rintf(near), r = near - k + t_rest, rr = r * r;
    float p = fused(1.535336188319500e-4f, r, 1.339887440266574e-3f);
    p = fused(p, rr, fused(9.618437357674640e-3f, r, 5.550332471162809e-2f));
    p = fused(p, rr * r, cubic(r, rr, 1, 6.931472028550421e-1f, 2.402264791363012e-1f, 0));
    p = scaled(p, k);
    p = t == t ? p : t;
    return y == 0 ? 1 : p;
}

/* Hyperbolic: a quotient of polynomials, as Eigen has it. */
INLINE float tangent(float x) {
    float a = within(x, -7.9053111f, 7.9053111f), z = a * a;
    float zz = z * z, p = cubic(z, zz, 5.12229709037114e-08f, -8.60467152213735e-11f, 2.00018790482477e-13f,
                                -2.76076847742355e-16f);
    p = fused(p, zz * z, fused(1.48572235717979e-05f, zz, fused(6.37261928875436e-04f, z, 4.89352455891786e-03f)));
    float q = cubic(z, zz, 4.89352518554385e-03f, 2.26843463243900e-03f, 1.18534705686654e-04f, 1.19825839466702e-06f);
    return fabsf(x) >= 0.0004f ? a * p / q : x;
}

INLINE float angle(float y, float x) {
    float a = fabsf(x), b = fabsf(y);
    float low = a < b ? a : b, high = a < b ? b : a;
    float s = low / (high > TINY ? high : TINY);
    s = low == INFINITY ? 1 : s;
    float t = s * s, tt = t * t;
    float u = cubic(t, tt, 0.106347933411598206f, -0.0748900920152664184f, 0.0425049886107444763f, -0.0159569028764963150f);
    u = fused(0.00282363896258175373f, tt * tt, u);
    u = fused(u, tt * t, fused(0.199926957488059998f, t, fused(-0.142027363181114197f, tt, -0.333331018686294556f)));
    u = fused(u * t, s, s);
    u = a < b ? 1.57079632679489662f - u : u;
    u = as_bits(x) >> 31 ? 3.14159265358979324f - u : u;
    u = as_float((as_bits(u) & 0x7fffffff) | (as_bits(y) & 0x80000000));
    return a == a && b == b ? u : a + b;
}

INLINE int32_t byte(float x) { /* [-1, 1] as 0 to 255 */
    float t = x == x ? x : 0;
    return (int32_t)rintf(within(t, -1, 1) * 127.5f + 127.5f);
}

INLINE float of_byte(int32_t b) { return (float)b * (1 / 127.5f) - 1; }

/* The remainder of a division by 289, of whole numbers up to 2^21; half a unit keeps the quotient clear of the edges. */
INLINE float modulo_289(float x) { return fused(-289, floorf(fused(x, 1 / 289.0f, 0.5f / 289)), x); }

/* A permutation of the whole numbers below 289. */
INLINE float permuted(float x) {
    x = modulo_289(x);
    return modulo_289(fused(x, 34, 10) * x);
}

/* `wave` in single precision, which gives the same bits for 289ths of a turn. */
INLINE float small_wave(float x, float phase) {
    const float rounder = 12582912; /* 1.5 * 2^23 */
    float rounded = fused(x, 0.318309886f, -phase) + rounder, turns = rounded - rounder + phase;
    float high = fused(turns, -3.140625f, x), low = x - fused(turns, 3.140625f, high);
    float r = high + fused(turns, -9.67653589793e-4f, phase ? low : 0), z = r * r;
    float s = cubic(z, z * z, -0.16666659712791443f, 0.008333078585565090f, -0.00019810690719168633f,
                    2.6083159809786593e-06f);
    r = as_float(as_bits(r) ^ as_bits(rounded) << 31);
    return fused(s * z, r, r);
}

/* The gradient of a permuted number times the offset from its lattice point. */
INLINE float slope(float permuted, float x, float y) {
    const float turn = permuted * 0.0217411257f; /* 2 pi / 289 */
    return -small_wave(turn, 0.5f) * x + small_wave(turn, 0) * y;
}

INLINE float eased(float t) { return (t * (t * 6 - 15) + 10) * t * t * t; }

/* There are no more lattice points than can be hashed. */
INLINE float lattice(float x) { return within(x, -1048576, 1048576); }

/* Gradient noise in [-1, 1], as in instructions.py. */
INLINE float noise(float x, float y, float seed) {
    const float u = x - floorf(x), v = y - floorf(y), top = lattice(floorf(y));
    const float begin = lattice(floorf(x)) + modulo_289(lattice(rintf(seed)));
    const float one = permuted(begin) + top, two = permuted(begin + 1) + top;
    const float a = slope(permuted(one), u, v), b = slope(permuted(two), u - 1, v);
    const float c = slope(permuted(one + 1), u, v - 1), d = slope(permuted(two + 1), u - 1, v - 1);
    const float ease = eased(u), upper = a + (b - a) * ease, lower = c + (d - c) * ease;
    return (upper + (lower - upper) * eased(v)) * 1.5f;
}

/* The instructions, in the order of instructions.py. A cheap one has loops of its own for a constant argument;
   multiply-add, whose b is one as a rule, stands between the two lists. */

#define CHEAP(_)                                                                                                       \
    _(add, a + b)                                                                                                      \
    _(subtract, a - b)                                                                                                 \
    _(multiply, a * b)                                                                                                 \
    _(divide, a / b)                                                                                                   \
    _(minimum, a < b || a != a ? a : b)                                                                                \
    _(maximum, a > b || a != a ? a : b)                                                                                \
    _(less, a < b ? 1.0f : 0.0f)

#define OTHERS(_)                                                                                                      \
    _(negate, -a)                                                                                                      \
    _(absolute, fabsf(a))                                                                                              \
    _(floor, floorf(a))                                                                                                \
    _(round, rintf(a))                                                                                                 \
    _(root, sqrtf(fabsf(a)))                                                                                           \
    _(exp, exponential(a))                                                                                             \
    _(log, logarithm(a))                                                                                               \
    _(sin, sine(a))                                                                                                    \
    _(cos, cosine(a))                                                                                                  \
    _(tanh, tangent(a))                                                                                                \
    _(power, power(a, b))                                                                                              \
    _(angle, angle(a, b))                                                                                              \
    _(and, of_byte(byte(a) & byte(b)))                                                                                 \
    _(or, of_byte(byte(a) | byte(b)))                                                                                  \
    _(xor, of_byte(byte(a) ^ byte(b)))                                                                                 \
    _(select, a > 0 ? b : c)                                                                                           \
    _(noise, noise(a, b, c))

#define AS_OPCODE(name, _) OP_##name,
#define AS_TEXT(name, _) #name " "

enum { CHEAP(AS_OPCODE) OP_multiply_add, OTHERS(AS_OPCODE) OP_row, OP_column, OP_show, OP_input, PLUGIN };

#endif
