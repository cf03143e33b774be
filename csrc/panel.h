// Matrix products from registers: every product of the kernel is `multiply` on a tile of rows and one packed panel.
//
// A tile is up to ROWS rows by N vectors of sums that never leave the registers. Per step k it takes N vectors of a
// panel, read front to back, and one number of each row, broadcast: ROWS·N multiply-adds for N + ROWS loads.
#pragma once
#include "simd.h"

namespace fused {
namespace FUSED_ISA {

// Which of a row's vectors take part: gates have slots, and a product may use some of them.
template <int... S> struct Slots {
    static constexpr int count = sizeof...(S);
    static constexpr int at[] = {S...};
    static constexpr int dense[] = {0, 1, 2, 3};
};

template <int N> struct FirstSlots;
template <> struct FirstSlots<1> : Slots<0> {};
template <> struct FirstSlots<2> : Slots<0, 1> {};
template <> struct FirstSlots<3> : Slots<0, 1, 2> {};
template <> struct FirstSlots<4> : Slots<0, 1, 2, 3> {};

// sum[m][To[j]] += Σ_k a[m·a_m + k·a_k] · w[k·w_k + from[j]·LANES]
template <class T, class To, int M, int N>
INLINE void multiply(Vec<T> (&sum)[M][N], const T *a, int64_t a_m, int64_t a_k, int64_t K, const T *w, int64_t w_k,
                     const int *from = To::dense) {
#pragma GCC unroll 1
    for (int64_t k = 0; k < K; k++, a += a_k, w += w_k) {
        Vec<T> b[To::count];
#pragma GCC unroll 4
        for (int j = 0; j < To::count; j++) b[j] = load(w + from[j] * LANES<T>);
#pragma GCC unroll 8
        for (int m = 0; m < M; m++) {
            Vec<T> x = a[m * a_m] - Vec<T>{};
#pragma GCC unroll 4
            for (int j = 0; j < To::count; j++) sum[m][To::at[j]] += x * b[j];
        }
    }
}

// Unrolled, so that sums start in registers.
template <class V, int M, int N> INLINE void zero(V (&sum)[M][N]) {
#pragma GCC unroll 8
    for (int m = 0; m < M; m++)
#pragma GCC unroll 4
        for (int j = 0; j < N; j++) sum[m][j] = V{};
}

template <int M> struct Int {
    static constexpr int value = M;
};

// f(Int<m>, first row) over tiles of nearly equal height m ≤ ROWS.
template <class F> INLINE void for_tiles(int64_t rows, F f) {
    int64_t tiles = (rows + ROWS - 1) / ROWS;
    for (int64_t i = 0; i < tiles; i++) {
        int64_t first = i * rows / tiles;
        switch ((i + 1) * rows / tiles - first) {
            case 1: f(Int<1>{}, first); break;
            case 2: f(Int<2>{}, first); break;
            case 3: f(Int<3>{}, first); break;
            case 4: f(Int<(ROWS > 3 ? 4 : 1)>{}, first); break;
            case 5: f(Int<(ROWS > 3 ? 5 : 1)>{}, first); break;
            default: f(Int<(ROWS > 3 ? 6 : 1)>{}, first);
        }
    }
}

template <class T> constexpr int64_t blocks(int64_t n) { return (n + LANES<T> - 1) / LANES<T>; }
INLINE int lanes_left(int64_t n, int64_t done, int lanes) { return n - done < lanes ? int(n - done) : lanes; }

// Forward panels. Block u holds LANES units of `gates` gates, from (G·H, K):  packed[u][k][gate][lane]
template <class T> void pack_gates(const T *w, int64_t H, int64_t K, int first_gate, int gates, int64_t u, T *packed) {
    const int L = LANES<T>;
    packed += u * K * gates * L;
    for (int g = 0; g < gates; g++)
        for (int lane = 0; lane < L; lane++) {
            int64_t unit = u * L + lane;
            const T *row = w + ((first_gate + g) * H + unit) * K;
            for (int64_t k = 0; k < K; k++) packed[(k * gates + g) * L + lane] = unit < H ? row[k] : T(0);
        }
}

// Backward panels. Block n holds WIDE vectors of the N columns of the same matrix; its rows are in the order in which
// gate gradients are stored:  packed[n][unit block][gate][lane][column]. The last block may be narrower.
constexpr int WIDE = 4;
template <class T> constexpr int64_t blocks_of_columns(int64_t columns) { return (blocks<T>(columns) + WIDE - 1) / WIDE; }
INLINE int width(int64_t vectors, int64_t block) {
    return vectors - block * WIDE < WIDE ? int(vectors - block * WIDE) : WIDE;
}

template <class T>
void pack_columns(const T *w, int64_t H, int64_t N, int first_gate, int gates, int64_t block, T *packed) {
    const int64_t L = LANES<T>, rows = blocks<T>(H) * gates * L, first = block * WIDE * L;
    const int64_t wide = width(blocks<T>(N), block) * L;
    packed += rows * first;
    for (int64_t u = 0; u < blocks<T>(H); u++)
        for (int g = 0; g < gates; g++)
            for (int64_t lane = 0; lane < L; lane++, packed += wide) {
                int64_t unit = u * L + lane;
                const T *row = w + ((first_gate + g) * H + unit) * N + first;
                for (int64_t n = 0; n < wide; n++) packed[n] = unit < H && first + n < N ? row[n] : T(0);
            }
}

}  // namespace FUSED_ISA
}  // namespace fused
