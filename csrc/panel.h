// Matrix products from registers: every product of the kernel is `multiply` on a tile of rows and one packed panel.
//
// A tile is up to ROWS rows by N vectors of sums that never leave the registers. Per step k it takes N vectors of a
// panel, read front to back, and one number of each row, broadcast: ROWS·N multiply-adds for N + ROWS loads.
#pragma once
#include "turn.h"

#ifndef FUSED_CACHE
#define FUSED_CACHE (1 << 20)  // bytes of a second-level cache; tests make it small, to see in small layers what large ones do
#endif

namespace fused {
namespace FUSED_ISA {

// Bytes of a panel that many rows read whole, and of the pieces that a larger one is taken in: of six rows the second-level
// cache keeps up with the multiply-adds, of three it does not, and a piece is to stay in the first.
constexpr int64_t LARGEST_PANEL = FUSED_CACHE / (ROWS > 3 ? 4 : 64), PANEL_PIECE = FUSED_CACHE / (ROWS > 3 ? 16 : 64);

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

// One k, or one pair of them, of `multiply`.
template <class T, class To, int M, int N, class Read>
INLINE void multiply_one(Vec<T> (&sum)[M][N], const T *a, int64_t a_m, const T *w, const int *from, Read read) {
#pragma GCC unroll 2
    for (int p = 0; p < PARTS<T>; p++) {
        Vec<T> b[To::count];
#pragma GCC unroll 4
        for (int j = 0; j < To::count; j++) b[j] = part<T>(load_pairs(w + from[j] * WIDTH<T>), p);
#pragma GCC unroll 8
        for (int m = 0; m < M; m++) {
            Vec<T> x = part<T>(read(a + m * a_m), p);
#pragma GCC unroll 4
            for (int j = 0; j < To::count; j++) sum[m][To::at[j]] = multiply_add<T>(sum[m][To::at[j]], x, b[j]);
        }
    }
}

// sum[m][To[j]] += Σ_k a[m·a_m + k·a_k] · w[k·w_k + from[j]·WIDTH]; of bfloat16 k counts pairs, K numbers
template <class T, class To, int M, int N>
INLINE void multiply(Vec<T> (&sum)[M][N], const T *a, int64_t a_m, int64_t a_k, int64_t K, const T *w, int64_t w_k,
                     const int *from = To::dense) {
#pragma GCC unroll 1
    for (int64_t k = PAIR<T> - 1; k < K; k += PAIR<T>, a += a_k, w += w_k)
        multiply_one<T, To>(sum, a, a_m, w, from, [](const T *p) INLINE_LAMBDA { return broadcast(p); });
    if constexpr (PAIR<T> > 1)
        if (K % PAIR<T>) multiply_one<T, To>(sum, a, a_m, w, from, [](const T *p) INLINE_LAMBDA { return broadcast_first(p); });
}

// Unrolled, so that sums start in registers.
template <class V, int M, int N> INLINE void zero(V (&sum)[M][N]) {
#pragma GCC unroll 8
    for (int m = 0; m < M; m++)
#pragma GCC unroll 4
        for (int j = 0; j < N; j++) sum[m][j] = V{};
}

// A tile's sums to where they wait, or back.
template <class V, int M, int N> INLINE void move(V (&sum)[M][N], V *at, bool out) {
#pragma GCC unroll 8
    for (int m = 0; m < M; m++)
#pragma GCC unroll 4
        for (int j = 0; j < N; j++) {
            if (out)
                at[m * N + j] = sum[m][j];
            else
                sum[m][j] = at[m * N + j];
        }
}

// Of what is read next and lies in a slower cache, the share of the rows from `first` to first + M of so many: asked for
// while others are multiplied.
INLINE void fetch_share(const void *next, int64_t bytes, int64_t first, int M, int64_t rows) {
    if (ROWS > 3) return;  // not seen to gain
    const char *at = (const char *)next + bytes * first / rows / 64 * 64, *end = (const char *)next + bytes * (first + M) / rows;
    for (; at < end; at += 64) __builtin_prefetch(at, 0, 2);
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

// Forward panels. Block u holds LANES units of `gates` gates, from (G·H, K):  panel[k][gate][lane], or of bfloat16
// panel[pair of k][gate][lane][2], a last k without another beside zero; lanes beyond H hold anything.
template <class T> constexpr int64_t panel_size(int64_t K, int gates) { return paired<T>(K) * gates * LANES<T>; }
template <class T> void pack_gates(const T *w, int64_t H, int64_t K, int first_gate, int gates, int64_t u, T *packed) {
    const int L = LANES<T>, W = WIDTH<T>, units = lanes_left(H, u * L, L);
    for (int g = 0; g < gates; g++) {
        const T *rows = w + ((first_gate + g) * H + u * L) * K;
        for (int64_t k = 0; k < K; k += W)
            turn(rows + k, K, units, lanes_left(K, k, W), packed + k * gates * L + g * W, gates * W, soon(rows, k, K));
    }
}

// `multiply` by the panel that pack_gates would make of w, from its first unit on, a square block at a time: the same sums in
// the same order, for weights that are read so seldom that packing them costs more.
template <class T, class To, int M, int N>
INLINE void multiply_as_it_lies(Vec<T> (&sum)[M][N], const T *a, int64_t a_m, int64_t K, const T *w, int64_t w_gate,
                                int units) {
    constexpr int L = LANES<T>, W = WIDTH<T>;
    alignas(64) T block[L * To::count * W];
    for (int64_t k = 0; k < K; k += W) {
        const int n = lanes_left(K, k, W);
        for (int g = 0; g < To::count; g++)
            turn(w + g * w_gate + k, K, units, n, block + g * W, To::count * W, soon(w + g * w_gate, k, K));
        multiply<T, To>(sum, a + k, a_m, PAIR<T>, n, block, To::count * W);
    }
}

// Backward panels. Block n holds WIDE vectors of the N columns of the same matrix; its rows are in the order in which
// gate gradients are stored:  packed[n][unit block][gate][lane][column], or of bfloat16 …[pair of lanes][column][2]. The last
// block may be narrower.
constexpr int WIDE = 4;
template <class T> constexpr int64_t blocks_of_columns(int64_t columns) { return (blocks<T>(columns) + WIDE - 1) / WIDE; }
INLINE int width(int64_t vectors, int64_t block) {
    return vectors - block * WIDE < WIDE ? int(vectors - block * WIDE) : WIDE;
}

// Blocks `begin` to `end`: row after row, since rows of a wide matrix lie in a page each.
template <class T>
void pack_columns(const T *w, int64_t H, int64_t N, int first_gate, int gates, int64_t begin, int64_t end, T *packed) {
    const int64_t L = LANES<T>, rows = blocks<T>(H) * gates * L;
    for (int64_t i = 0; i < rows; i += PAIR<T>) {
        const int64_t unit = i / (gates * L) * L + i % L, gate = first_gate + i / L % gates;
        const T *row = w + (gate * H + unit) * N;
        for (int64_t block = begin; block < end; block++) {
            const int64_t first = block * WIDE * L, wide = width(blocks<T>(N), block) * L;
            T *to = packed + rows * first + i * wide;
            for (int64_t n = 0; n < wide; n += L) {
                const int columns = lanes_left(N, first + n, int(L));
                const Vec<T> numbers = unit < H ? load(row + first + n, columns) : Vec<T>{};
                if constexpr (PAIR<T> == 1)
                    store(to + n, numbers);
                else
                    store_pairs(to + PAIR<T> * n, zip(numbers, unit + 1 < H ? load(row + N + first + n, columns) : Vec<T>{}));
            }
        }
    }
}

}  // namespace FUSED_ISA
}  // namespace fused
