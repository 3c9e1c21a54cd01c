/*
 * Scalar mathematics for the kernels, for the type `real` of the table being compiled.
 *
 * The float versions are polynomials without branches, so that loops over them become vector code
 * at every level; they use no fused operations and give the same bits at all levels. Doubles use
 * libm: gradient checks need its accuracy more than speed.
 */
#ifndef HY_CPU_MATH_H
#define HY_CPU_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define R(c) ((real)(c))

#if defined REAL_f32

static inline uint32_t float_bits(float x)
{
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static inline float bits_float(uint32_t u)
{
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

static inline float m_abs(float x)
{
    return fabsf(x);
}
static inline float m_sqrt(float x)
{
    return sqrtf(x);
}
static inline float m_floor(float x)
{
    return floorf(x);
}
static inline float m_ceil(float x)
{
    return ceilf(x);
}
static inline float m_round(float x)
{
    return rintf(x);
}
static inline float m_sin(float x)
{
    return sinf(x);
}
static inline float m_cos(float x)
{
    return cosf(x);
}
static inline float m_next(float x, float toward)
{
    return nextafterf(x, toward);
}
static inline float m_pow(float x, float y)
{
    return powf(x, y);
}

/* x = k·ln 2 + r with |r| ≤ ln 2 / 2; k is at most ±2^21, and rubbish where x is NaN. */
static inline float reduce_ln2(float x, int32_t *k)
{
    const float shift = 0x1.8p23f; /* adding it rounds to an integer in the low bits */
    const float t = x * 0x1.715476p0f + shift;
    const float n = t - shift;
    *k = (int32_t)(float_bits(t) - float_bits(shift));
    return (x - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f; /* n · high part is exact */
}

/* e^r - 1 for |r| ≤ ln 2 / 2 */
static inline float expm1_reduced(float r)
{
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    return r + r * r * p;
}

static inline float power_of_2(int32_t k)
{
    return bits_float((uint32_t)(k + 127) << 23);
}

/* Within 1 ulp (8.1e-8); inf above 88.72, gradual underflow to 0 at -103.97. */
static inline float m_exp(float x)
{
    int32_t k;
    x = x < -105 ? -105 : x;
    x = x > 90 ? 90 : x;
    const float y = 1 + expm1_reduced(reduce_ln2(x, &k));
    const int32_t half = k >> 1; /* two factors: 2^k alone may overflow or be subnormal */
    return y * power_of_2(half) * power_of_2(k - half);
}

static inline float m_expm1(float x)
{
    int32_t k;
    x = x < -20 ? -20 : x;
    x = x > 88.9f ? 88.9f : x;
    const float p = expm1_reduced(reduce_ln2(x, &k));
    const float half = power_of_2(k - 1); /* 2^128 would overflow before the result does */
    return 2 * (half * p + (half - 0.5f));
}

/* log(1 + f) - f for 1 + f in [√½, √2), from the series in s = f / (2 + f) */
static inline float log_tail(float f)
{
    const float s = f / (2 + f), z = s * s, w = z * z;
    const float even = w * (0xccce13p-25f + w * 0xf89e26p-26f);
    const float odd = z * (0xaaaaaap-24f + w * 0x91e9eep-25f);
    const float half = 0.5f * f * f;
    return s * (half + (even + odd)) - half;
}

/* Splits the bits of a positive float into 2^k · m with m in [√½, √2); returns m. */
static inline float split_exponent(uint32_t bits, float *k)
{
    const uint32_t root_half = 0x3f3504f3, one = 0x3f800000;
    const uint32_t t = bits + (one - root_half);
    *k = (float)((int32_t)(t >> 23) - 127);
    return bits_float((t & 0x007fffff) + root_half);
}

#define LN2_HIGH 0x1.62e3p-1f
#define LN2_LOW  0x1.2fefa4p-17f

static inline float m_log(float x)
{
    float k;
    const float lift = x < 0x1p-126f ? 0x1p23f : 1; /* subnormals */
    const float f = split_exponent(float_bits(x * lift), &k) - 1;
    const float n = x < 0x1p-126f ? k - 23 : k;
    float y = ((log_tail(f) + n * LN2_LOW) + f) + n * LN2_HIGH;
    y = x == 0 ? -INFINITY : y;
    y = x < 0 ? NAN : y;
    return x < INFINITY ? y : x; /* inf and NaN */
}

static inline float m_log1p(float x)
{
    float k;
    const float u = 1 + x;
    const float m = split_exponent(float_bits(u), &k);
    const float lost = (k >= 1 ? 1 - (u - x) : x - (u - 1)) / u; /* what rounding to u lost */
    const float f = k == 0 ? x : m - 1;
    const float c = k == 0 || k > 25 ? 0 : lost;
    float y = ((log_tail(f) + (k * LN2_LOW + c)) + f) + k * LN2_HIGH;
    y = x == -1 ? -INFINITY : y;
    y = x < -1 ? NAN : y;
    return x < INFINITY ? y : x;
}

static inline float m_tanh(float x)
{
    const float a = fabsf(x);
    const float t = m_expm1(2 * (a > 10 ? 10 : a));
    return copysignf(t / (t + 2), x);
}

static inline float m_sigmoid(float x)
{
    const float e = m_exp(-fabsf(x));
    return (x < 0 ? e : 1) / (1 + e);
}

/* A polynomial near 0, 1 - e^polynomial beyond (after N. Juffa). */
static inline float m_erf(float x)
{
    const float t = fabsf(x), s = x * x;
    float near = -5.96761703e-4f;
    near = near * s + 4.99119423e-3f;
    near = near * s - 2.67681349e-2f;
    near = near * s + 1.12819925e-1f;
    near = near * s - 3.76125336e-1f;
    near = near * s + 1.28379166e-1f;
    near = near * x + x;
    const float a = t > 4 ? 4 : t;
    float far = -1.72853470e-5f;
    far = far * a + 3.83197126e-4f;
    far = far * a - 3.88396438e-3f;
    far = far * a + 2.42546219e-2f;
    far = far * a - 1.06777877e-1f;
    far = far * a - 6.34846687e-1f;
    far = far * a - 1.28717512e-1f;
    far = far * a - a;
    return t > 0.927734375f ? copysignf(1 - m_exp(far), x) : near;
}

#elif defined REAL_f64

static inline double m_abs(double x)
{
    return fabs(x);
}
static inline double m_sqrt(double x)
{
    return sqrt(x);
}
static inline double m_floor(double x)
{
    return floor(x);
}
static inline double m_ceil(double x)
{
    return ceil(x);
}
static inline double m_round(double x)
{
    return rint(x);
}
static inline double m_sin(double x)
{
    return sin(x);
}
static inline double m_cos(double x)
{
    return cos(x);
}
static inline double m_next(double x, double toward)
{
    return nextafter(x, toward);
}
static inline double m_pow(double x, double y)
{
    return pow(x, y);
}
static inline double m_exp(double x)
{
    return exp(x);
}
static inline double m_expm1(double x)
{
    return expm1(x);
}
static inline double m_log(double x)
{
    return log(x);
}
static inline double m_log1p(double x)
{
    return log1p(x);
}
static inline double m_tanh(double x)
{
    return tanh(x);
}
static inline double m_erf(double x)
{
    return erf(x);
}

static inline double m_sigmoid(double x)
{
    const double e = exp(-fabs(x));
    return (x < 0 ? e : 1) / (1 + e);
}

#endif

#if defined REAL_f32 || defined REAL_f64
/* -1, 0 or 1; NaN stays */
static inline real m_sign(real x)
{
    return x > 0 ? 1 : (x < 0 ? -1 : x);
}
#endif

#endif
