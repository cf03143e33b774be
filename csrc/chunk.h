// A chunk: steps whose gate gradients lie together, and which rows (step, sequence) they are of.
#pragma once
#include "layer.h"

namespace fused {
namespace FUSED_ISA {

constexpr int64_t CHUNK = 64;           // rows, about
constexpr int AT_ONCE = 4;              // chunks whose shares reach dW in one pass over it, where it is too large for a cache
constexpr int64_t OFTEN = 12;           // blocks of units, each of which reads all rows again
constexpr int64_t AHEAD = 1 << 19;      // bytes: half of a second-level cache
constexpr int64_t LARGEST_DW = 2 * FUSED_CACHE;  // bytes of one that is

// Rows of one step that read their state at one place: those that go on from the step before, or those that start.
struct Rows {
    int64_t step, b, count, at;  // sequences b to b + count; their rows of the chunk from `at` on
    bool starts;
};

struct Chunk {
    Rows rows[2 * CHUNK];  // by step, then sequence: as they lie in dg
    int count = 0;

    int64_t rows_in_all() const { return count ? rows[count - 1].at + rows[count - 1].count : 0; }
};

// Put into `chunk` those of steps `begin` to `end` and the sequences from b0 on: in place, since it is some 5 KB.
template <class T>
void rows_of(const Sizes<T> &z, int64_t begin, int64_t end, int64_t b0, int64_t rows, Chunk &chunk) {
    int64_t at = chunk.count = 0;
    const auto add = [&](int64_t step, int64_t b, int64_t count, bool starts) {
        if (count) chunk.rows[chunk.count++] = {step, b, count, at, starts};
        at += count;
    };
    for (int64_t step = begin; step < end; step++) {
        const int64_t now = z.there(step, b0, rows), old = z.going_on(step, b0, rows);
        add(step, b0, old, false);
        add(step, b0 + old, now - old, true);
    }
}

template <class T> void clear(T *p, int64_t count) {
    for (int64_t i = 0; i < count; i++) p[i] = 0;
}

}  // namespace FUSED_ISA
}  // namespace fused
