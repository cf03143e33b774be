// What forward and backward share: sizes, the split of the batch over threads, and room to work in.
//
// Threads split the batch and never wait for one another: sequences are independent, and each thread sums its own
// share of the weight gradients. Results depend on the number of threads (through that sum) and on nothing else.
#pragma once
#include "cells.h"
#include "fused.h"
#include "threads.h"

namespace fused {
namespace FUSED_ISA {

// Hands out 64-byte aligned pieces of one block; from a null block it only counts.
class Room {
    char *block;
    int64_t used = 0;

  public:
    explicit Room(void *p) : block((char *)p) {}
    template <class T> T *take(int64_t count) {
        char *piece = block ? block + used : nullptr;
        used += (count * int64_t(sizeof(T)) + 63) / 64 * 64;
        return (T *)piece;
    }
    int64_t bytes() const { return used; }
};

template <class T> struct Sizes {
    const FusedLayer &l;
    int64_t steps, B, I, H, U;  // U blocks of LANES units
    int parts;    // threads in the pass through time
    int packers;  // threads in what comes before and after: for small weights one, to save the meeting

    explicit Sizes(const FusedLayer &l) : l(l), steps(l.T), B(l.B), I(l.I), H(l.H), U(blocks<T>(l.H)) {
        const double work = double(l.T) * l.B * l.H * (l.I + l.H);
        parts = work < 2e5 ? 1 : int(l.threads < l.B ? l.threads : l.B);
        packers = l.H * (l.I + l.H) < 20000 ? 1 : parts;
    }

    int64_t first(int part) const { return part * B / parts; }
    int64_t most_rows() const { return (B + parts - 1) / parts; }
    int64_t time(int64_t step) const { return l.reverse ? steps - 1 - step : step; }

    const T *x(int64_t step, int64_t b) const { return (const T *)l.x + time(step) * l.x_t + b * l.x_b; }
    T *h(int64_t step, int64_t b) const { return (T *)l.out + (time(step) * B + b) * H; }
    const T *h_prev(int64_t step, int64_t b) const { return step ? h(step - 1, b) : (const T *)l.h0 + b * H; }
};

template <class Cell, class T> struct Saved {
    const Sizes<T> &z;

    T *at(int64_t step, int64_t b) const {
        return (T *)z.l.saved + z.time(step) * z.l.saved_t + b * Cell::saved * z.H;
    }
    // block u of row b, before and after this step
    INLINE Unit<T> unit(int64_t step, int64_t b, int64_t u, T *h) const {
        const int64_t first = u * LANES<T>;
        const T *prev = Cell::carried < 0 ? nullptr
                        : step            ? at(step - 1, b) + Cell::carried * z.H + first
                                          : (const T *)z.l.c0 + b * z.H + first;
        T *saved = Cell::saved ? at(step, b) + first : nullptr;
        return {saved, z.h_prev(step, b) + first, prev, h + first, z.H, Cell::saved * z.H,
                Cell::carried < 0 ? 0 : step ? Cell::saved * z.H : z.H, lanes_left(z.H, first, LANES<T>)};
    }
};

}  // namespace FUSED_ISA
}  // namespace fused
