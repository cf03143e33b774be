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

template <class T, int N>
void propagate_block(const Gradients<T> &d, const int *slots, int count, const T *packed, T *to, int64_t stride,
                     int64_t left, bool add, Ahead *ahead) {
    for_tiles(d.rows, [&](auto tile, int64_t first) INLINE_LAMBDA {
        constexpr int M = decltype(tile)::value, L = LANES<T>;
        Vec<T> sum[M][N];
        zero(sum);
        const T *w = packed, *a = d.dg + first * d.row;
        for (int64_t u = 0; u < d.blocks; u++, a += d.block) {
            if (ahead) ahead->fetch();
            for (int j = 0; j < count; j++, w += L * N * L)
                multiply<T, FirstSlots<N>>(sum, a + slots[j] * L, d.row, 1, L, w, N * L);
        }
#pragma GCC unroll 8
        for (int m = 0; m < M; m++)
#pragma GCC unroll 4
            for (int j = 0; j < N; j++) {
                T *at = to + (first + m) * stride + j * L;
                const int n = lanes_left(left, j * L, L);
                store(at, add ? load(at, n) + sum[m][j] : sum[m][j], n);
            }
    });
}

// to (rows × columns) = dg[slots] · packed, or += that; `packed` is from pack_columns.
template <class T, class S>
void propagate(const Gradients<T> &d, S slots, const T *packed, T *to, int64_t stride, int64_t columns, bool add,
               Ahead *ahead = nullptr) {
    const int64_t L = LANES<T>, vectors = blocks<T>(columns);
    for (int64_t block = 0; block * WIDE < vectors; block++) {
        const int64_t done = block * WIDE * L;
        const T *w = packed + d.blocks * slots.count * L * done;
        switch (width(vectors, block)) {
            case 1: propagate_block<T, 1>(d, slots.at, slots.count, w, to + done, stride, columns - done, add, ahead); break;
            case 2: propagate_block<T, 2>(d, slots.at, slots.count, w, to + done, stride, columns - done, add, ahead); break;
            case 3: propagate_block<T, 3>(d, slots.at, slots.count, w, to + done, stride, columns - done, add, ahead); break;
            default: propagate_block<T, 4>(d, slots.at, slots.count, w, to + done, stride, columns - done, add, ahead);
        }
    }
}

// For one unit block: dw (N × G, a vector each) += Σ over steps and rows of a' · dg[slots]; a[step] is (rows × N).
template <class T, int G>
void add_products(T *dw, int64_t N, const T *dg, const int (&slots)[G], int width, int64_t steps, int64_t rows,
                  const T *const *a, int64_t stride) {
    for_tiles(N, [&](auto tile, int64_t first) INLINE_LAMBDA {
        constexpr int M = decltype(tile)::value, L = LANES<T>;
        Vec<T> sum[M][G];
        zero(sum);
        const T *d = dg;
        for (int64_t i = 0; i < steps; i++, d += rows * width * L)
            multiply<T, FirstSlots<G>>(sum, a[i] + first, 1, stride, rows, d, width * L, slots);
        T *at = dw + first * G * L;
#pragma GCC unroll 8
        for (int m = 0; m < M; m++)
#pragma GCC unroll 4
            for (int j = 0; j < G; j++, at += L) store(at, load(at) + sum[m][j]);
    });
}

}  // namespace FUSED_ISA
}  // namespace fused
