// Rows of a matrix turned into columns, a square block at a time, in registers.
//
// Weights lie (unit, k); a product wants the units of one k side by side. For blocks of 2, 4, … L lanes, half of each pair
// of rows changes places, as in the transpose of a matrix of four blocks: log2 L rounds of L shuffles for L·L numbers.
#pragma once
#include "pairs.h"

namespace fused {
namespace FUSED_ISA {

// Lanes of a and b where bit S of the lane's number is 0 and 1: of a, else of b, S lanes on.
template <class T, int S> INLINE void exchange(Vec<T> &a, Vec<T> &b) {
    typename Simd<T>::Bits low, high;
#pragma GCC unroll 16
    for (int i = 0; i < LANES<T>; i++) {
        low[i] = i & S ? LANES<T> + i - S : i;
        high[i] = i & S ? LANES<T> + i : i + S;
    }
#if defined(__clang__)
    const Vec<T> before = a, other = b;
    for (int i = 0; i < LANES<T>; i++) {
        a[i] = i & S ? other[i - S] : before[i];
        b[i] = i & S ? other[i] : before[i + S];
    }
#else
    const Vec<T> first = __builtin_shuffle(a, b, low);
    b = __builtin_shuffle(a, b, high);
    a = first;
#endif
}

template <class T, int S> INLINE void turn_rounds(Vec<T> (&row)[LANES<T>]) {
#pragma GCC unroll 16
    for (int i = 0; i < LANES<T>; i++)
        if (!(i & S)) exchange<T, S>(row[i], row[i + S]);
    if constexpr (S > 1) turn_rounds<T, S / 2>(row);
}

template <class T, bool FULL>
INLINE void turn_block(const T *w, int64_t w_row, int rows, int n, T *to, int64_t to_k, const T *ahead) {
    constexpr int L = LANES<T>;
    Vec<T> row[L];
#pragma GCC unroll 16
    for (int i = 0; i < L; i++) {
        const int64_t from = FULL || i < rows ? i * w_row : 0;
        row[i] = FULL ? load_pairs(w + from) : load_pairs(w + from, n);
        __builtin_prefetch(ahead + from, 0, 2);  // so many rows at a time are more than a processor foresees
    }
    turn_rounds<T, L / 2>(row);
#pragma GCC unroll 16
    for (int k = 0; k < L; k++)
        if (FULL || k * PAIR<T> < n) store_pairs(to + k * to_k, row[k]);
}

// to[k·to_k + lane] = w[lane·w_row + k] for k < n ≤ L, of `rows` lanes; what is in the others does not count. Of bfloat16 k
// counts pairs, n and to_k numbers. `ahead`: what will be read soon. One copy of it for all who call.
template <class T>
__attribute__((noinline)) void turn(const T *w, int64_t w_row, int rows, int n, T *to, int64_t to_k, const T *ahead) {
    if (rows == LANES<T> && n == WIDTH<T>)
        turn_block<T, true>(w, w_row, rows, n, to, to_k, ahead);
    else
        turn_block<T, false>(w, w_row, rows, n, to, to_k, ahead);
}

// Of rows K long that are turned block after block: where the block lies that comes 8 cache lines after this one.
template <class T> INLINE const T *soon(const T *w, int64_t k, int64_t K) {
    const int64_t at = k + 8 * 64 / int64_t(sizeof(T));
    return at < K ? w + at : w + LANES<T> * K + (at - K < K ? at - K : 0);
}

// to (units × N) = Σ over `shares`, `next` apart, of N vectors of units each, the first at `from` and `stride` apart.
template <class T, class To>
void add_turned(To *to, int64_t N, int units, const T *from, int64_t stride, int64_t next, int shares) {
    constexpr int L = LANES<T>;
    for (int64_t n = 0; n < N; n += L) {
        const int columns = N - n < L ? int(N - n) : L;
        Vec<T> block[L];
#pragma GCC unroll 16
        for (int k = 0; k < L; k++) block[k] = Vec<T>{};
        for (int i = 0; i < shares; i++)
#pragma GCC unroll 16
            for (int k = 0; k < L; k++)
                block[k] += load(from + i * next + (k < columns ? n + k : n) * stride);
        turn_rounds<T, L / 2>(block);
#pragma GCC unroll 16
        for (int unit = 0; unit < L; unit++)
            if (unit < units) store(to + unit * N + n, block[unit], columns);
    }
}

}  // namespace FUSED_ISA
}  // namespace fused
