#pragma once
#include "../panel.h"

namespace fused {
namespace FUSED_ISA {

// One row's LANES units in memory.
template <class T> struct Unit {
    T *saved;                // gate k at saved + k·H
    const T *h_prev, *prev;  // h', and what the cell carries beside it (c')
    T *h;
    int64_t H, saved_row, prev_row;  // from one row to the next (h: H)
    int n;                           // lanes in use

    INLINE void next_row() { saved += saved_row, prev += prev_row, h_prev += H, h += H; }

    // ask for the cache lines that this step will write
    INLINE void fetch(int gates) const {
        for (int k = 0; k < gates; k++) __builtin_prefetch(saved + k * H, 1);
        __builtin_prefetch(h, 1);
    }

    INLINE void put(Vec<T> v) const { store(h, v, n); }  // the new h
    INLINE void save(int k, Vec<T> v) const { store(saved + k * H, v, n); }
    INLINE Vec<T> read(int k) const { return load(saved + k * H, n); }
};

// The same forward where memory holds shorter numbers than are computed with: h and c go on in full, in one place, as the
// next step finds them; what is written for others is rounded.
template <class T, int carried> struct ExactUnit : Unit<T> {
    Number<T> *h_prev, *prev;

    INLINE void next_row() { Unit<T>::next_row(), h_prev += this->H, prev += this->H; }
    INLINE void put(Vec<T> v) const { store(this->h, v, this->n), store(h_prev, v, this->n); }
    INLINE void save(int k, Vec<T> v) const {
        Unit<T>::save(k, v);
        if (k == carried) store(prev, v, this->n);
    }
};

}  // namespace FUSED_ISA
}  // namespace fused
