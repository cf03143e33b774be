// What forward and backward share: sizes, the split of the batch over threads, and room to work in.
//
// Threads split the batch and never wait for one another: sequences are independent, and each thread sums its own
// share of the weight gradients. Results depend on the number of threads (through that sum) and on nothing else. Sequences
// of unequal lengths are split so that each thread has about the same number of steps to do.
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
    int64_t most_rows = 0;  // of any part

    explicit Sizes(const FusedLayer &l) : l(l), steps(l.T), B(l.B), I(l.I), H(l.H), U(blocks<T>(l.H)) {
        const double work = double(all_rows()) * l.H * (l.I + l.H);
        parts = work < 2e5 ? 1 : int(l.threads < l.B ? l.threads : l.B);
        packers = l.H * (l.I + l.H) < 20000 ? 1 : parts;
        for (int part = 0; part < parts; part++) {
            const int64_t rows = first(part + 1) - first(part);
            most_rows = rows > most_rows ? rows : most_rows;
        }
    }

    int64_t all_rows() const { return l.batch ? l.first[steps - 1] + l.batch[steps - 1] : steps * B; }

    int64_t first(int part) const {
        if (!l.batch || part == 0 || part == parts) return part * B / parts;
        int64_t b = 0, length = steps;
        for (int64_t done = 0; b < B && done * parts < part * all_rows(); b++) {
            while (l.batch[length - 1] <= b) length--;
            done += length;
        }
        return b;
    }
    int64_t time(int64_t step) const { return l.reverse ? steps - 1 - step : step; }
    int64_t row(int64_t step, int64_t b) const { return (l.first ? l.first[time(step)] : time(step) * B) + b; }

    // Of the `rows` sequences from b0 on, those that have this step; none has a step before the first.
    int64_t there(int64_t step, int64_t b0, int64_t rows) const {
        if (step < 0) return 0;
        const int64_t n = l.batch ? l.batch[time(step)] - b0 : rows;
        return n < 0 ? 0 : n < rows ? n : rows;
    }
    // Of those, the ones that go on from the step before; the others start here, from their initial state.
    int64_t going_on(int64_t step, int64_t b0, int64_t rows) const {
        const int64_t before = there(step - 1, b0, rows), now = there(step, b0, rows);
        return before < now ? before : now;
    }

    // The last step of sequence b, counted in the order in which steps are done.
    int64_t last(int64_t b) const {
        if (l.reverse || !l.batch) return steps - 1;
        int64_t step = steps - 1;
        while (l.batch[step] <= b) step--;
        return step;
    }

    // in (T, B, ·) with these strides, or packed
    int64_t at(int64_t step, int64_t b, int64_t stride_t, int64_t stride_b) const {
        return l.first ? row(step, b) * stride_b : time(step) * stride_t + b * stride_b;
    }
    const T *x(int64_t step, int64_t b) const { return (const T *)l.x + at(step, b, l.x_t, l.x_b); }
    T *h(int64_t step, int64_t b) const { return (T *)l.out + row(step, b) * H; }
    const T *h_prev(int64_t step, int64_t b, bool starts) const {
        return starts ? (const T *)l.h0 + b * H : h(step - 1, b);
    }
};

template <class Cell, class T> struct Saved {
    const Sizes<T> &z;

    T *at(int64_t step, int64_t b) const {
        return (T *)z.l.saved + (z.l.keep ? z.row(step, b) : b) * Cell::saved * z.H;
    }
    // block u of row b, before and after this step; `starts`: its first
    INLINE Unit<T> unit(int64_t step, int64_t b, int64_t u, T *h, bool starts) const {
        const int64_t first = u * LANES<T>;
        const T *prev = Cell::carried < 0 ? nullptr
                        : starts          ? (const T *)z.l.c0 + b * z.H + first
                                          : at(step - 1, b) + Cell::carried * z.H + first;
        T *saved = Cell::saved ? at(step, b) + first : nullptr;
        return {saved, z.h_prev(step, b, starts) + first, prev, h + first, z.H, Cell::saved * z.H,
                Cell::carried < 0 ? 0 : starts ? z.H : Cell::saved * z.H, lanes_left(z.H, first, LANES<T>)};
    }
};

}  // namespace FUSED_ISA
}  // namespace fused
