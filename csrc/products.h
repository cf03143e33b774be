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

template <class T, int N>
void propagate_block(const Gradients<T> &d, const int *slots, int count, const T *packed, T *to, int64_t stride,
                     int64_t left, bool add) {
    for_tiles(d.rows, [&](auto tile, int64_t first) INLINE_LAMBDA {
        constexpr int M = decltype(tile)::value, L = LANES<T>;
        Vec<T> sum[M][N] = {};
        const T *w = packed, *a = d.dg + first * d.row;
        for (int64_t u = 0; u < d.blocks; u++, a += d.block)
            for (int j = 0; j < count; j++, w += L * N * L)
                multiply<T, FirstSlots<N>>(sum, a + slots[j] * L, d.row, 1, L, w, N * L);
        for (int m = 0; m < M; m++)
            for (int j = 0; j < N; j++) {
                T *at = to + (first + m) * stride + j * L;
                const int n = lanes_left(left, j * L, L);
                store(at, add ? load(at, n) + sum[m][j] : sum[m][j], n);
            }
    });
}

// to (rows × columns) = dg[slots] · packed, or += that; `packed` is from pack_columns.
template <class T, class S>
void propagate(const Gradients<T> &d, S slots, const T *packed, T *to, int64_t stride, int64_t columns, bool add) {
    const int64_t L = LANES<T>, vectors = blocks<T>(columns);
    for (int64_t block = 0; block * WIDE < vectors; block++) {
        const int64_t done = block * WIDE * L;
        const T *w = packed + d.blocks * slots.count * L * done;
        switch (width(vectors, block)) {
            case 1: propagate_block<T, 1>(d, slots.at, slots.count, w, to + done, stride, columns - done, add); break;
            case 2: propagate_block<T, 2>(d, slots.at, slots.count, w, to + done, stride, columns - done, add); break;
            case 3: propagate_block<T, 3>(d, slots.at, slots.count, w, to + done, stride, columns - done, add); break;
            default: propagate_block<T, 4>(d, slots.at, slots.count, w, to + done, stride, columns - done, add);
        }
    }
}

// For one unit block: dw (N × G, a vector each) += Σ over steps and rows of a' · dg[slots]; a[step] is (rows × N).
template <class T, int G>
void add_products(T *dw, int64_t N, const T *dg, const int (&slots)[G], int width, int64_t steps, int64_t rows,
                  const T *const *a, int64_t stride) {
    for_tiles(N, [&](auto tile, int64_t first) INLINE_LAMBDA {
        constexpr int M = decltype(tile)::value, L = LANES<T>;
        Vec<T> sum[M][G] = {};
        const T *d = dg;
        for (int64_t i = 0; i < steps; i++, d += rows * width * L) 
            multiply<T, FirstSlots<G>>(sum, a[i] + first, 1, stride, rows, d, width * L, slots);
        T *at = dw + first * G * L;
        for (int m = 0; m < M; m++)
            for (int j = 0; j < G; j++, at += L) store(at, load(at) + sum[m][j]);
    });
}

}  // namespace FUSED_ISA
}  // namespace fused
