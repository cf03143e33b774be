// One vector of the instruction set this file is compiled for, and exp, σ, tanh on it.
//
//     e^x = 2^n · e^r,   n = round(x / ln 2),   |r| ≤ ln 2 / 2
//     p = e^r − 1 (a series, to the last digit),  s = 2^n (written into the exponent bits)
//     e^x = s + s·p     and     e^x − 1 = s·p + (s − 1), exact to the last digits near x = 0 as well
//
// Arguments are clamped to where s is a normal number, so nothing overflows; NaN stays NaN.
#pragma once
#include <stdint.h>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

#define INLINE inline __attribute__((always_inline))
#define INLINE_LAMBDA __attribute__((always_inline))

namespace fused {
namespace FUSED_ISA {

#if defined(__AVX512F__)
constexpr int VECTOR_BYTES = 64, ROWS = 6;  // 32 registers: 6 rows × 4 gates of sums, the rest for operands
#elif defined(__AVX2__)
constexpr int VECTOR_BYTES = 32, ROWS = 3;  // 16 registers: 3 rows × 4 gates
#elif defined(__aarch64__)
constexpr int VECTOR_BYTES = 16, ROWS = 6;
#else
constexpr int VECTOR_BYTES = 16, ROWS = 3;
#endif

template <class T> struct Simd;

template <> struct Simd<float> {
    using Number = float;
    typedef float Vec __attribute__((vector_size(VECTOR_BYTES)));
    typedef uint32_t Bits __attribute__((vector_size(VECTOR_BYTES)));
    typedef float Unaligned __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
    static constexpr int lanes = VECTOR_BYTES / 4, mantissa = 23;
    static constexpr uint32_t one = 0x3f800000;
    static constexpr float limit = 87.f, least = 1.2e-38f, magic = 12582912.f;  // 1.5 · 2^23: adding it rounds to an integer
    static constexpr float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
    static constexpr float series[] = {0.50000001f, 0.16666519f, 0.041666205f, 0.0083689183f, 0.0013950539f};  // to 3e-9
#if defined(__FMA__) || defined(__aarch64__)
    static constexpr bool one_ln2 = true;  // n · ln 2 is not rounded, and n times the error of ln 2 is below half an ulp
#else
    static constexpr bool one_ln2 = false;
#endif
};

template <> struct Simd<double> {
    using Number = double;
    typedef double Vec __attribute__((vector_size(VECTOR_BYTES)));
    typedef uint64_t Bits __attribute__((vector_size(VECTOR_BYTES)));
    typedef double Unaligned __attribute__((vector_size(VECTOR_BYTES), aligned(8), may_alias));
    static constexpr int lanes = VECTOR_BYTES / 8, mantissa = 52;
    static constexpr uint64_t one = 0x3ff0000000000000;
    static constexpr double limit = 708., least = 3e-308, magic = 6755399441055744.;  // 1.5 · 2^52
    static constexpr double ln2_high = 6.93145751953125e-1, ln2_low = 1.42860682030941723212e-6;
    static constexpr double series[] = {1. / 2,     1. / 6,       1. / 24,       1. / 120,       1. / 720,        1. / 5040,
                                        1. / 40320, 1. / 362880,  1. / 3628800,  1. / 39916800,  1. / 479001600,
                                        1. / 6227020800};  // Taylor's
    static constexpr bool one_ln2 = false;
};

// The upper half of a float, in memory alone: a vector of them is one of floats as soon as it is loaded.
struct BFloat16 {
    uint16_t bits;

    BFloat16() = default;
    explicit BFloat16(float number) {  // to the nearest, halves to even
        uint32_t b;
        __builtin_memcpy(&b, &number, 4);
        bits = uint16_t((number != number ? b | 0x400000 : b + 0x7fff + (b >> 16 & 1)) >> 16);
    }
    operator float() const {
        const uint32_t b = uint32_t(bits) << 16;
        float number;
        __builtin_memcpy(&number, &b, 4);
        return number;
    }
};

template <> struct Simd<BFloat16> : Simd<float> {
    typedef float Unaligned __attribute__((vector_size(VECTOR_BYTES), aligned(2), may_alias));
    typedef uint16_t Half __attribute__((vector_size(VECTOR_BYTES / 2)));
    typedef uint16_t UnalignedHalf __attribute__((vector_size(VECTOR_BYTES / 2), aligned(2), may_alias));
};

template <class T> using Vec = typename Simd<T>::Vec;
template <class T> using Number = typename Simd<T>::Number;  // what is computed with, of numbers that lie in memory as T
template <class T> constexpr int LANES = Simd<T>::lanes;

template <class T> INLINE Vec<T> load(const T *p) { return *(const typename Simd<T>::Unaligned *)p; }
template <class T> INLINE void store(T *p, Vec<T> v) { *(typename Simd<T>::Unaligned *)p = v; }

// The first n lanes only, for sizes that are no multiple of a vector: the others read as zero and are not written.
template <class T> INLINE Vec<T> load_some(const T *p, int n) {
    Vec<T> v = {};
    for (int i = 0; i < n; i++) v[i] = p[i];
    return v;
}
template <class T> INLINE void store_some(T *p, Vec<T> v, int n) {
    for (int i = 0; i < n; i++) p[i] = v[i];
}
#if defined(__AVX512F__)
INLINE Vec<float> load_some(const float *p, int n) { return _mm512_maskz_loadu_ps(__mmask16((1u << n) - 1), p); }
INLINE Vec<double> load_some(const double *p, int n) { return _mm512_maskz_loadu_pd(__mmask8((1u << n) - 1), p); }
INLINE void store_some(float *p, Vec<float> v, int n) { _mm512_mask_storeu_ps(p, __mmask16((1u << n) - 1), v); }
INLINE void store_some(double *p, Vec<double> v, int n) { _mm512_mask_storeu_pd(p, __mmask8((1u << n) - 1), v); }
#endif
template <class T> INLINE Vec<T> load(const T *p, int n) {
    return __builtin_expect(n >= LANES<T>, 1) ? load(p) : load_some(p, n);
}
template <class T> INLINE void store(T *p, Vec<T> v, int n) {
    if (__builtin_expect(n >= LANES<T>, 1)) return store(p, v);
    store_some(p, v, n);
}

INLINE Vec<float> load(const BFloat16 *p) {
    const Simd<BFloat16>::Half half = *(const Simd<BFloat16>::UnalignedHalf *)p;
    return (Vec<float>)(__builtin_convertvector(half, Simd<float>::Bits) << 16);
}
INLINE void store(BFloat16 *p, Vec<float> v) {
#if defined(__AVX512BF16__)
    _mm256_storeu_si256((__m256i *)p, (__m256i)_mm512_cvtneps_pbh(v));
#else
    const auto bits = (Simd<float>::Bits)v;
    const auto rounded = v != v ? bits | 0x400000 : bits + 0x7fff + (bits >> 16 & 1);
    *(Simd<BFloat16>::UnalignedHalf *)p = __builtin_convertvector(rounded >> 16, Simd<BFloat16>::Half);
#endif
}
INLINE Vec<float> load(const BFloat16 *p, int n) {
    if (__builtin_expect(n >= LANES<float>, 1)) return load(p);
    BFloat16 all[LANES<float>] = {};
    for (int i = 0; i < n; i++) all[i] = p[i];
    return load(all);
}
INLINE void store(BFloat16 *p, Vec<float> v, int n) {
    if (__builtin_expect(n >= LANES<float>, 1)) return store(p, v);
    BFloat16 all[LANES<float>];
    store(all, v);
    for (int i = 0; i < n; i++) p[i] = all[i];
}

// Σ_k series[k] · r^k ≈ (e^r − 1 − r) / r²
template <class T, int K = 0> INLINE Vec<T> series(Vec<T> r) {
    constexpr int count = sizeof Simd<T>::series / sizeof(T);
    if constexpr (K == count - 1)
        return Vec<T>{} + Simd<T>::series[K];
    else
        return series<T, K + 1>(r) * r + Simd<T>::series[K];
}

// min(x, limit) and max(x, limit) that keep NaN, and 1 / x for normal x ≥ 1
template <class T> INLINE Vec<T> at_most(Vec<T> x, T limit) { return x > limit ? Vec<T>{} + limit : x; }
template <class T> INLINE Vec<T> at_least(Vec<T> x, T limit) { return x < limit ? Vec<T>{} + limit : x; }
template <class T> INLINE Vec<T> reciprocal(Vec<T> x) { return T(1) / x; }
#if defined(__AVX512F__)
template <> INLINE Vec<float> at_most<float>(Vec<float> x, float limit) { return _mm512_min_ps(_mm512_set1_ps(limit), x); }
template <> INLINE Vec<float> at_least<float>(Vec<float> x, float limit) { return _mm512_max_ps(_mm512_set1_ps(limit), x); }
template <> INLINE Vec<float> reciprocal<float>(Vec<float> x) {  // 14 bits, then Newton's step for the rest
    Vec<float> y = _mm512_rcp14_ps(x);
    return y + y * (1.f - x * y);
}
#endif

template <class T> struct Exponential {
    Vec<T> s, p;
};

template <class T> INLINE Exponential<T> exponential(Vec<T> x) {
    using S = Simd<T>;
    x = at_least<T>(at_most<T>(x, S::limit), -S::limit);
    Vec<T> shifted = x * T(1.4426950408889634) + S::magic;
    Vec<T> n = shifted - S::magic;
    Vec<T> r = S::one_ln2 ? x - n * T(0.6931471805599453) : (x - n * S::ln2_high) - n * S::ln2_low;
    auto bits = ((typename S::Bits)shifted << S::mantissa) + S::one;
    return {(Vec<T>)bits, r + r * r * series<T>(r)};
}

template <class T> INLINE Vec<T> sigmoid(Vec<T> x) {
    auto e = exponential<T>(-x);
    return reciprocal<T>(e.s * e.p + (e.s + T(1)));
}

template <class T> INLINE Vec<T> tanh(Vec<T> x) {  // (e^2x − 1) / (e^2x + 1)
    auto e = exponential<T>(x + x);
    Vec<T> minus_one = e.s * e.p + (e.s - T(1));
    return minus_one * reciprocal<T>(minus_one + T(2));
}

// Denormals count as zero while one of these lives, unless they are to be kept: they are slow, and too small to matter.
class NoDenormals {
#if defined(__x86_64__)
    unsigned before = __builtin_ia32_stmxcsr();

  public:
    explicit NoDenormals(bool keep) { __builtin_ia32_ldmxcsr(keep ? before : before | 0x8040); }
    ~NoDenormals() { __builtin_ia32_ldmxcsr(before); }
#elif defined(__aarch64__)
    uint64_t before;

  public:
    explicit NoDenormals(bool keep) {
        asm volatile("mrs %0, fpcr" : "=r"(before));
        asm volatile("msr fpcr, %0" ::"r"(keep ? before : before | (1 << 24)));
    }
    ~NoDenormals() { asm volatile("msr fpcr, %0" ::"r"(before)); }
#else
  public:
    explicit NoDenormals(bool) {}
#endif
    NoDenormals(const NoDenormals &) = delete;
};

}  // namespace FUSED_ISA
}  // namespace fused
