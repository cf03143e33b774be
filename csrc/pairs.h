// What one multiply-add takes of each lane: one k of float32 and float64, two of bfloat16, which lie side by side.
//
//     sum[lane] += a[k]·w[k][lane] + a[k+1]·w[k+1][lane]      memory: a[k], a[k+1];  w[lane 0][k], w[lane 0][k+1], w[lane 1][k], …
//
// A pair fills the 32 bits of a float, so a vector of pairs is carried, turned and broadcast as one of floats. AVX512-BF16
// multiplies it at once (denormals count as zero, whatever is asked for); elsewhere its halves become floats in registers.
#pragma once
#include "simd.h"

namespace fused {
namespace FUSED_ISA {

template <class T> constexpr int PAIR = sizeof(Number<T>) / sizeof(T);     // numbers of one k that a lane takes at once
template <class T> constexpr int WIDTH = VECTOR_BYTES / int(sizeof(T));    // numbers in memory of one vector
template <class T> INLINE constexpr int64_t paired(int64_t n) { return (n + PAIR<T> - 1) / PAIR<T> * PAIR<T>; }

// A vector of pairs as it lies; of the last one, its first n numbers.
template <class T> INLINE Vec<T> load_pairs(const T *p) { return *(const typename Simd<T>::Unaligned *)p; }
template <class T> INLINE void store_pairs(T *p, Vec<T> v) { *(typename Simd<T>::Unaligned *)p = v; }
template <class T> INLINE Vec<T> load_pairs(const T *p, int n) {
    if constexpr (PAIR<T> == 1) return load(p, n);
    Vec<T> v = {};
    __builtin_memcpy(&v, p, n * sizeof(T));
    return v;
}
template <class T> INLINE void store_pairs(T *p, Vec<T> v, int n) { __builtin_memcpy(p, &v, n * sizeof(T)); }

// (low[0], high[0], low[1], high[1], …)
INLINE Vec<float> zip(Vec<float> low, Vec<float> high) {
    using Bits = Simd<float>::Bits;
    return (Vec<float>)((Bits)low >> 16 | (Bits)high);
}

// The rows a and b (null: zeros) so zipped, `count` numbers of each.
INLINE void zip(BFloat16 *to, const BFloat16 *a, const BFloat16 *b, int64_t count) {
    constexpr int L = LANES<float>;
    for (int64_t i = 0; i < count; i += L) {
        const int n = count - i < L ? int(count - i) : L;
        const Vec<float> pairs = zip(load(a + i, n), b ? load(b + i, n) : Vec<float>{});
        n == L ? store_pairs(to + 2 * i, pairs) : store_pairs(to + 2 * i, pairs, 2 * n);
    }
}

// The number, or the pair of numbers, at p in all lanes; of a pair the first alone.
template <class T> INLINE Vec<T> broadcast(const T *p) { return *p - Vec<T>{}; }
INLINE Vec<float> broadcast(const BFloat16 *p) {
    uint32_t pair;
    __builtin_memcpy(&pair, p, 4);
    return (Vec<float>)(Simd<float>::Bits{} + pair);
}
template <class T> INLINE Vec<T> broadcast_first(const T *p) { return broadcast(p); }
INLINE Vec<float> broadcast_first(const BFloat16 *p) { return (Vec<float>)(Simd<float>::Bits{} + p->bits); }

// A product is done in so many parts; what of a pair takes part in each.
#if defined(__AVX512BF16__)
template <class T> constexpr int PARTS = 1;
#else
template <class T> constexpr int PARTS = PAIR<T>;
#endif
template <class T> INLINE Vec<T> part(Vec<T> v, int p) {
    if constexpr (PARTS<T> == 1)
        return v;
    else
        return (Vec<T>)(p ? (typename Simd<T>::Bits)v & 0xffff0000 : (typename Simd<T>::Bits)v << 16);
}

template <class T> INLINE Vec<T> multiply_add(Vec<T> sum, Vec<T> a, Vec<T> b) {
#if defined(__AVX512BF16__)
    if constexpr (PAIR<T> > 1) return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b);
#endif
    return sum + a * b;
}

}  // namespace FUSED_ISA
}  // namespace fused
