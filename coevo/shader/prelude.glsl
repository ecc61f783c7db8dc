// The functions of the instruction set (coevo/native/instructions.h), in single precision: what a GPU has of its own is
// too coarse for nested waves.

const float TINY = 1.17549435e-38;

bool is_nan(float x) { return (floatBitsToUint(x) & 0x7fffffffu) > 0x7f800000u; }
float infinity() { return uintBitsToFloat(0x7f800000u); }
float minimum(float a, float b) { return a < b || is_nan(a) ? a : b; }
float maximum(float a, float b) { return a > b || is_nan(a) ? a : b; }
float within(float x, float low, float high) { x = low > x ? low : x; return high < x ? high : x; }
float shown(float x) { x = x > -1.0 ? x : -1.0; return x < 1.0 ? x : 1.0; } // what is not a number is shown as -1

float cubic(float x, float xx, float a, float b, float c, float d) { return (d * x + c) * xx + (b * x + a); }

// sin(rest) times (-1)^turns, from x = (turns + phase) * pi + rest; pi is taken off in four parts (Cody & Waite 1980).
float wave(float x, float phase) {
    float whole = roundEven(x * 0.318309886 - phase), turns = whole + phase;
    float r = x - turns * 3.140625;
    r = r - turns * 0.000967502593994140625;
    r = r - turns * 1.50990672415e-7;
    r = within(r - turns * 5.126688e-12, -1.6, 1.6);
    r = mod(whole, 2.0) == 0.0 ? r : -r;
    float z = r * r;
    return cubic(z, z * z, -0.16666659712791443, 0.00833307858556509, -0.00019810690719168633, 2.6083159809786593e-6) * z * r + r;
}

float sine(float x) { return wave(x, 0.0); }
float cosine(float x) { return -wave(x, 0.5); }

float exponential(float x) {
    if (is_nan(x)) return x;
    return x > 88.7228 ? infinity() : x < -87.3 ? 0.0 : exp(x);
}

float logarithm(float x) {
    float a = abs(x);
    if (is_nan(x) || a == infinity()) return a;
    return a < TINY ? -infinity() : log(a);
}

float power(float x, float y) {
    if (y == 0.0) return 1.0;
    float a = abs(x);
    if (is_nan(x) || is_nan(y)) return x + y;
    if (a < TINY) return y > 0.0 ? 0.0 : infinity();
    if (a == infinity()) return y > 0.0 ? a : 0.0;
    if (a == 1.0) return 1.0;
    float t = log2(a) * y;
    return t < -126.0 ? 0.0 : t >= 128.0 ? infinity() : exp2(t);
}

float tangent(float x) {
    if (abs(x) < 0.0004) return x;
    float a = within(x, -7.9053111, 7.9053111), z = a * a, zz = z * z;
    float p = cubic(z, zz, 5.12229709037114e-8, -8.60467152213735e-11, 2.00018790482477e-13, -2.76076847742355e-16);
    p = p * (zz * z) + (1.48572235717979e-5 * zz + (6.37261928875436e-4 * z + 4.89352455891786e-3));
    return a * p / cubic(z, zz, 4.89352518554385e-3, 2.26843463243900e-3, 1.18534705686654e-4, 1.19825839466702e-6);
}

float angle(float y, float x) {
    float a = abs(x), b = abs(y), low = a < b ? a : b, high = a < b ? b : a;
    if (is_nan(x) || is_nan(y)) return x + y;
    float s = low == infinity() ? 1.0 : low / max(high, TINY), t = s * s, tt = t * t;
    float u = cubic(t, tt, 0.106347933411598206, -0.0748900920152664184, 0.0425049886107444763, -0.015956902876496315);
    u = 0.00282363896258175373 * (tt * tt) + u;
    u = u * (tt * t) + (0.199926957488059998 * t + (-0.142027363181114197 * tt + -0.333331018686294556));
    u = u * t * s + s;
    u = a < b ? 1.57079632679489662 - u : u;
    u = floatBitsToUint(x) >> 31 == 1u ? 3.14159265358979324 - u : u;
    return floatBitsToUint(y) >> 31 == 1u ? -u : u;
}

int byte(float x) { return is_nan(x) ? 128 : int(roundEven(within(x, -1.0, 1.0) * 127.5 + 127.5)); }
float of_byte(int b) { return (float(b) - 127.5) / 127.5; } // 1 and -1 exactly, contracted or not

// Gradient noise (Perlin 1985), hashed by permutation polynomials (Gustavson & McEwan 2022), which are exact.
float modulo_289(float x) { return x - floor(x * 0.00346020761 + 0.00173010381) * 289.0; }
float permuted(float x) { x = modulo_289(x); return modulo_289((x * 34.0 + 10.0) * x); }
float slope(float hashed, float x, float y) {
    float turn = hashed * 0.0217411257; // 2 pi / 289
    return cosine(turn) * x + sine(turn) * y;
}
float eased(float t) { return (t * (t * 6.0 - 15.0) + 10.0) * t * t * t; }
float lattice(float x) { return within(x, -1048576.0, 1048576.0); }
float noise(float x, float y, float seed) {
    float u = x - floor(x), v = y - floor(y), top = lattice(floor(y));
    float begin = lattice(floor(x)) + modulo_289(lattice(roundEven(seed)));
    float one = permuted(begin) + top, two = permuted(begin + 1.0) + top;
    float a = slope(permuted(one), u, v), b = slope(permuted(two), u - 1.0, v);
    float c = slope(permuted(one + 1.0), u, v - 1.0), d = slope(permuted(two + 1.0), u - 1.0, v - 1.0);
    float ease = eased(u), upper = a + (b - a) * ease, lower = c + (d - c) * ease;
    return (upper + (lower - upper) * eased(v)) * 1.5;
}
