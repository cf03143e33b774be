// The two products of the backward pass, shared by all cells: which slots take part is decided at run time.
#pragma once
#include "panel.h"

namespace fused {
namespace FUSED_ISA {

// Gate gradients of one step: [unit block][row][slot][lane], blocks and rows this many elements apart.
template <class T> struct Gradients {
    const T *dg;
    int64_t block, row, blocks, rows;
};

// Memory that later steps will read, asked for a few cache lines at a time between products, which need none: asked for
// just before it is read, it would be waited for.
class Ahead {
    struct Range {
        const char *at;
        int64_t lines, share;
    } ranges[3] = {};
    int64_t calls, count = 0;

  public:
    explicit Ahead(int64_t calls) : calls(calls) {}  // `fetch` will be called about that often

    void add(const void *from, int64_t bytes) { ranges[count++] = {(const char *)from, bytes / 64, bytes / 64 / calls + 1}; }

    INLINE void fetch() {
        for (Range &r : ranges)
            for (int64_t i = 0; i < r.share && r.lines > 0; i++, r.lines--, r.at += 64) __builtin_prefetch(r.at, 0, 2);
    }
};

template <class T, int N, class To>
void propagate_block(const Gradients<T> &d, const int *slots, int count, const T *packed, To *const *to, int64_t done,
                     int64_t left, bool add, Vec<T> *sums, Ahead *ahead) {
    constexpr int L = LANES<T>;
    const int64_t unit_block = count * L * N * L, bytes = unit_block * int64_t(sizeof(T));
    const bool whole = d.rows <= ROWS || d.blocks * bytes <= LARGEST_PANEL;
    const int64_t piece = whole ? d.blocks : 1 + PANEL_PIECE / bytes;  // that all rows take before the next
    for (int64_t begin = 0; begin < d.blocks; begin += piece) {
        const int64_t end = begin + piece < d.blocks ? begin + piece : d.blocks;
        for_tiles(d.rows, [&](auto tile, int64_t first) INLINE_LAMBDA {
            constexpr int M = decltype(tile)::value;
            Vec<T> sum[M][N];
            zero(sum);
            if (begin) move(sum, sums + first * N, false);
            if (!whole) fetch_share(packed + end * unit_block, piece * bytes, first, M, d.rows);
            const T *w = packed + begin * unit_block, *a = d.dg + first * d.row + begin * d.block;
            for (int64_t u = begin; u < end; u++, a += d.block) {
                if (ahead) ahead->fetch();
                for (int j = 0; j < count; j++, w += L * N * L)
                    multiply<T, FirstSlots<N>>(sum, a + slots[j] * L, d.row, PAIR<T>, L, w, N * WIDTH<T>);
            }
            if (end < d.blocks) return move(sum, sums + first * N, true);
#pragma GCC unroll 8
            for (int m = 0; m < M; m++)
#pragma GCC unroll 4
                for (int j = 0; j < N; j++) {
                    To *at = to[first + m] + done + j * L;
                    const int n = lanes_left(left, j * L, L);
                    store(at, add ? load(at, n) + sum[m][j] : sum[m][j], n);
                }
        });
    }
}

// to[row] (rows × columns) = dg[slots] · packed, or += that; `packed` is from pack_columns. `sums`: rows × WIDE.
template <class T, class S, class To>
void propagate(const Gradients<T> &d, S slots, const T *packed, To *const *to, int64_t columns, bool add,
               Vec<T> *sums, Ahead *ahead = nullptr) {
    const int64_t L = LANES<T>, vectors = blocks<T>(columns);
    for (int64_t block = 0; block * WIDE < vectors; block++) {
        const int64_t done = block * WIDE * L, left = columns - done;
        const T *w = packed + d.blocks * slots.count * L * done;
        switch (width(vectors, block)) {
            case 1: propagate_block<T, 1>(d, slots.at, slots.count, w, to, done, left, add, sums, ahead); break;
            case 2: propagate_block<T, 2>(d, slots.at, slots.count, w, to, done, left, add, sums, ahead); break;
            case 3: propagate_block<T, 3>(d, slots.at, slots.count, w, to, done, left, add, sums, ahead); break;
            default: propagate_block<T, 4>(d, slots.at, slots.count, w, to, done, left, add, sums, ahead);
        }
    }
}

// A chunk's gate gradients, and the rows a (rows[i] × N each) that they are multiplied with; of bfloat16 pairs of rows.
// `tiled`: all in one lot, [tile of columns][row][column], which is read front to back.
template <class T> struct Lots {
    const T *dg;
    int count;
    const int64_t *rows;
    const T *const *a;
    bool tiled = false;
};

// to[tile of columns][row][column] = a[row][column], of `count` rows of N columns: eight rows at a time, since rows that are
// a power of two apart share a few places of a first-level cache.
template <class T> void tile_columns(T *to, const T *const *a, int64_t count, int64_t N) {
    for (int64_t row = 0; row < count; row += 8)
        for_tiles(N, [&](auto tile, int64_t first) INLINE_LAMBDA {
            constexpr int M = decltype(tile)::value;
            T *at = to + first * count + row * M;
            for (int64_t r = row; r < count && r < row + 8; r++, at += M)
                for (int m = 0; m < M; m++) at[m] = a[r][first + m];
        });
}

// For one unit block, which begins at `block` in dg: dw (N × G, a vector each) += Σ over lots of rows of a' · dg[slots],
// chunk by chunk.
template <class T, class S>
void add_products(Number<T> *dw, int64_t N, int64_t block, S, int width, const Lots<T> *chunks, int count, int64_t stride) {
    constexpr int G = S::count;
    for_tiles(N, [&](auto tile, int64_t first) INLINE_LAMBDA {
        constexpr int M = decltype(tile)::value, L = LANES<T>;
        fetch_share(dw, N * G * L * int64_t(sizeof(Number<T>)), first, M, N);
        for (int c = 0; c < count; c++) {
            const Lots<T> &lots = chunks[c];
            Vec<T> sum[M][G];
            zero(sum);
            const T *d = lots.dg + block;
            const int64_t from = first * (lots.tiled ? lots.rows[0] : PAIR<T>), next = lots.tiled ? M : stride;
            for (int i = 0; i < lots.count; d += lots.rows[i++] * width * L)
                multiply<T, FirstSlots<G>>(sum, lots.a[i] + from, PAIR<T>, next, lots.rows[i], d, width * WIDTH<T>, S::at);
            Number<T> *at = dw + first * G * L;
#pragma GCC unroll 8
            for (int m = 0; m < M; m++)
#pragma GCC unroll 4
                for (int j = 0; j < G; j++, at += L) store(at, load(at) + sum[m][j]);
        }
    });
}

// The same where a call is one chunk: a block of units of one gate, dw (L × N, as weights lie) = Σ over lots of rows of
// dg[slot]' · a, the same sums in the same order. N is whole vectors.
template <class T, int NV>
void products_block(T *dw, int64_t N, int64_t done, const T *dg, int slots, const Lots<T> &lots, int64_t stride) {
    constexpr int L = LANES<T>;
    for_tiles(L, [&](auto tile, int64_t first) INLINE_LAMBDA {
        constexpr int M = decltype(tile)::value;
        Vec<T> sum[M][NV];
        zero(sum);
        const T *d = dg + first;
        for (int i = 0; i < lots.count; d += lots.rows[i++] * slots * L)
            multiply<T, FirstSlots<NV>>(sum, d, 1, slots * L, lots.rows[i], lots.a[i] + done, stride);
#pragma GCC unroll 8
        for (int m = 0; m < M; m++)
#pragma GCC unroll 4
            for (int j = 0; j < NV; j++) store(dw + (first + m) * N + done + j * L, sum[m][j]);
    });
}

template <class T>
void products_as_they_lie(T *dw, int64_t N, const T *dg, int slots, const Lots<T> &lots, int64_t stride) {
    const int64_t vectors = N / LANES<T>;
    for (int64_t block = 0; block * WIDE < vectors; block++) {
        const int64_t done = block * WIDE * LANES<T>;
        switch (width(vectors, block)) {
            case 1: products_block<T, 1>(dw, N, done, dg, slots, lots, stride); break;
            case 2: products_block<T, 2>(dw, N, done, dg, slots, lots, stride); break;
            case 3: products_block<T, 3>(dw, N, done, dg, slots, lots, stride); break;
            default: products_block<T, 4>(dw, N, done, dg, slots, lots, stride);
        }
    }
}

}  // namespace FUSED_ISA
}  // namespace fused
