// A layer forward through time.
//
// For each step, for each block of LANES units: all gates of the block in one panel, so that a tile of sums holds
// everything the equations need:
//
//     sums (rows × gates) = b + x_t · W_ih' + h_{t−1} · W_hh'        two `multiply`s, K = I, then K = H
//     equations → h_t and what backward reads
//
// Pre-activations never reach memory. The input's share is not a product of its own over all steps: that would write
// and read (T, B, G·H) numbers to save nothing, the panel being read once per tile either way. The lines that the equations
// will write are asked for before the products, so that they are there when these are done.
#pragma once
#include "layer.h"

namespace fused {
namespace FUSED_ISA {

template <class Cell, class T> class Forward {
    using V = Vec<T>;
    using X = typename Cell::XSlots;
    using H_ = typename Cell::HSlots;
    static constexpr int L = LANES<T>, gates = X::count;

    Sizes<T> z;
    Saved<Cell, T> saved{z};
    T *w_x, *w_h, *w_n, *bias, *reset_h;
    int64_t bytes;

  public:
    explicit Forward(const FusedLayer &l) : z(l) {
        Room room(l.workspace);
        w_x = room.take<T>(z.U * z.I * gates * L);
        w_h = room.take<T>(z.U * z.H * H_::count * L);
        w_n = room.take<T>(Cell::reset_before ? z.U * z.H * L : 0);
        bias = room.take<T>(z.U * Cell::slots * L);
        reset_h = room.take<T>(Cell::reset_before ? z.B * z.H : 0);
        bytes = room.bytes();
    }
    int64_t workspace() const { return bytes; }

    void run() {
        parallel(z.packers, [](void *self, int part) { ((Forward *)self)->pack(part); }, this);
        parallel(z.parts, [](void *self, int part) { ((Forward *)self)->run_part(part); }, this);
    }

  private:
    void pack(int part) {
        for (int64_t u = part; u < z.U; u += z.packers) {
            pack_gates((const T *)z.l.w_ih, z.H, z.I, 0, gates, u, w_x);
            pack_gates((const T *)z.l.w_hh, z.H, z.H, 0, H_::count, u, w_h);
            if constexpr (Cell::reset_before) pack_gates((const T *)z.l.w_hh, z.H, z.H, 2, 1, u, w_n);
            pack_bias(u);
        }
    }

    // b_ih and b_hh as one, but for a slot that only the state's product reaches
    void pack_bias(int64_t u) {
        const T *b_ih = (const T *)z.l.b_ih, *b_hh = (const T *)z.l.b_hh;
        for (int i = 0; i < Cell::slots * L; i++) bias[u * Cell::slots * L + i] = 0;
        for (int g = 0; g < gates; g++)
            for (int lane = 0; lane < L && u * L + lane < z.H; lane++) {
                const int64_t from = g * z.H + u * L + lane;
                const int h_slot = Cell::two_biases ? H_::at[g % H_::count] : X::at[g];
                if (b_ih) bias[(u * Cell::slots + X::at[g]) * L + lane] += b_ih[from];
                if (b_hh) bias[(u * Cell::slots + h_slot) * L + lane] += b_hh[from];
            }
    }

    void run_part(int part) {
        NoDenormals guard(z.l.keep_denormals);
        const int64_t b0 = z.first(part), rows = z.first(part + 1) - b0;
        for (int64_t step = 0; step < z.steps; step++) {
            for (int64_t u = 0; u < z.U; u++)
                for_tiles(rows, [&](auto M, int64_t m) INLINE_LAMBDA { gates_tile<decltype(M)::value>(step, u, b0 + m); });
            if constexpr (Cell::reset_before)
                for (int64_t u = 0; u < z.U; u++)
                    for_tiles(rows, [&](auto M, int64_t m) INLINE_LAMBDA { candidate_tile<decltype(M)::value>(step, u, b0 + m); });
        }
    }

    template <int M> void gates_tile(int64_t step, int64_t u, int64_t b) {
        V sum[M][Cell::slots];
        const T *start = bias + u * Cell::slots * L;
#pragma GCC unroll 8
        for (int m = 0; m < M; m++)
#pragma GCC unroll 4
            for (int j = 0; j < Cell::slots; j++) sum[m][j] = load(start + j * L);

        const Unit<T> first = saved.unit(step, b, u, Cell::reset_before ? reset_h + b * z.H : z.h(step, b));
        Unit<T> unit = first;
        for (int m = 0; m < M; m++, unit.next_row()) unit.fetch(Cell::saved);

        multiply<T, X>(sum, z.x(step, b), z.l.x_b, 1, z.I, w_x + u * z.I * gates * L, gates * L);
        multiply<T, H_>(sum, z.h_prev(step, b), z.H, 1, z.H, w_h + u * z.H * H_::count * L, H_::count * L);
        V a[M][Cell::slots];  // in memory: the equations need the registers
#pragma GCC unroll 8
        for (int m = 0; m < M; m++)
#pragma GCC unroll 4
            for (int j = 0; j < Cell::slots; j++) a[m][j] = sum[m][j];
        asm volatile("" : "+m"(a));
        unit = first;
        for (int m = 0; m < M; m++, unit.next_row()) Cell::forward(a[m], unit);
        unit = first;
        for (int m = 0; m < M; m++, unit.next_row()) Cell::forward_last(a[m], unit);
    }

    template <int M> void candidate_tile(int64_t step, int64_t u, int64_t b) {
        V sum[M][1] = {};
        multiply<T, Slots<0>>(sum, reset_h + b * z.H, z.H, 1, z.H, w_n + u * z.H * L, L);
        Unit<T> unit = saved.unit(step, b, u, z.h(step, b));
        for (int m = 0; m < M; m++, unit.next_row()) {
            if constexpr (Cell::reset_before) Cell::forward_candidate(sum[m][0] + unit.read(2), unit);
        }
    }
};

}  // namespace FUSED_ISA
}  // namespace fused
