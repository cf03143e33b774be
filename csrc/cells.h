// The equations of each cell, one vector of units at a time, and their derivatives by hand.
//
// a[·] are pre-activations; primes mark the step before (h' = h_{t−1}); d[·] are gradients of pre-activations.
// `forward` is called for all rows of a tile, then `forward_last` with what it left in a: σ of one row and the next tanh
// of another do not wait for each other, which hides the latency of both.
// "slots" name the vectors of a and d. A GRU has one more slot than gates: its candidate keeps the shares of the input
// and of the state apart, because the reset gate scales only the latter.
#pragma once
#include "panel.h"

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

    INLINE void save(int k, Vec<T> v) const { store(saved + k * H, v, n); }
    INLINE Vec<T> read(int k) const { return load(saved + k * H, n); }
};

// i, f, o = σ(a)   g = tanh(a)   c = f∘c' + i∘g   h = o∘tanh c
template <class T> struct Lstm {
    using V = Vec<T>;
    using XSlots = Slots<0, 1, 2, 3>;
    using HSlots = Slots<0, 1, 2, 3>;
    static constexpr int slots = 4, saved = 5, carried = 4;  // saved: i, f, g, o, c
    static constexpr bool reset_before = false, two_biases = false, direct = false;

    static INLINE void forward(V *a, const Unit<T> &u) {
        V i = sigmoid<T>(a[0]), f = sigmoid<T>(a[1]), g = tanh<T>(a[2]), o = sigmoid<T>(a[3]);
        V c = f * load(u.prev, u.n) + i * g;
        u.save(0, i), u.save(1, f), u.save(2, g), u.save(3, o), u.save(4, c);
        a[0] = o, a[1] = c;
    }
    static INLINE void forward_last(const V *a, const Unit<T> &u) { store(u.h, a[0] * tanh<T>(a[1]), u.n); }

    // dc += dh∘o∘(1 − tanh²c), tanh c = h / o;   leaves dc' in dc
    static INLINE void backward(V &dh, V &dc, const Unit<T> &u, V *d) {
        V i = u.read(0), f = u.read(1), g = u.read(2), o = u.read(3);
        V y = load(u.h, u.n) * reciprocal<T>(at_least<T>(o, Simd<T>::least));  // o = 0: only in lanes not in use
        dc += dh * o * (T(1) - y * y);
        d[0] = dc * g * (i * (T(1) - i));
        d[1] = dc * load(u.prev, u.n) * (f * (T(1) - f));
        d[2] = dc * i * (T(1) - g * g);
        d[3] = dh * y * (o * (T(1) - o));
        dc = dc * f;
    }
};

// r, z = σ(a)   n = tanh(a_nx + r∘a_nh)   h = (1 − z)∘n + z∘h'
template <class T> struct Gru {
    using V = Vec<T>;
    using XSlots = Slots<0, 1, 2>;  // r, z, nx
    using HSlots = Slots<0, 1, 3>;  // r, z, nh
    static constexpr int slots = 4, saved = 4, carried = -1;  // saved: r, z, n, a_nh
    static constexpr bool reset_before = false, two_biases = true, direct = true;

    static INLINE void forward(V *a, const Unit<T> &u) {
        V r = sigmoid<T>(a[0]), z = sigmoid<T>(a[1]);
        u.save(0, r), u.save(1, z), u.save(3, a[3]);
        a[0] = a[2] + r * a[3], a[1] = z;
    }
    static INLINE void forward_last(const V *a, const Unit<T> &u) {
        V n = tanh<T>(a[0]);
        u.save(2, n);
        store(u.h, n + a[1] * (load(u.h_prev, u.n) - n), u.n);
    }

    static INLINE void backward(V &dh, V &, const Unit<T> &u, V *d) {
        V r = u.read(0), z = u.read(1), n = u.read(2), a_nh = u.read(3);
        d[2] = dh * (T(1) - z) * (T(1) - n * n);
        d[3] = d[2] * r;
        d[0] = d[2] * a_nh * (r * (T(1) - r));
        d[1] = dh * (load(u.h_prev, u.n) - n) * (z * (T(1) - z));
        dh = dh * z;
    }
};

// r, z = σ(a)   n = tanh(a_n + W_n (r∘h'))   h = (1 − z)∘h' + z∘n: the candidate's product waits for r
template <class T> struct GruResetBefore {
    using V = Vec<T>;
    using XSlots = Slots<0, 1, 2>;
    using HSlots = Slots<0, 1>;  // times h'
    using NSlots = Slots<2>;     // times r∘h'
    static constexpr int slots = 3, saved = 3, carried = -1;  // saved: r, z, n
    static constexpr bool reset_before = true, two_biases = false, direct = true;

    // First r, z and r∘h', which goes where u.h points; a_n waits in n's place.
    static INLINE void forward(V *a, const Unit<T> &u) {
        V r = sigmoid<T>(a[0]);
        u.save(0, r), u.save(1, sigmoid<T>(a[1])), u.save(2, a[2]);
        store(u.h, r * load(u.h_prev, u.n), u.n);
    }
    static INLINE void forward_last(const V *, const Unit<T> &) {}
    static INLINE void forward_candidate(V a_n, const Unit<T> &u) {
        V z = u.read(1), n = tanh<T>(a_n), before = load(u.h_prev, u.n);
        u.save(2, n);
        store(u.h, before + z * (n - before), u.n);
    }

    static INLINE void backward(V &dh, V &, const Unit<T> &u, V *d) {
        V z = u.read(1), n = u.read(2);
        d[2] = dh * z * (T(1) - n * n);
        d[1] = dh * (n - load(u.h_prev, u.n)) * (z * (T(1) - z));
        d[0] = V{};  // waits for the gradient of r∘h'
        dh = dh * (T(1) - z);
    }
    // given drh, the gradient of r∘h'; leaves r∘h' in h for the weight gradient
    static INLINE void backward_reset(V drh, V &dh, const Unit<T> &u, V *d) {
        V r = u.read(0), before = load(u.h_prev, u.n);
        d[0] = drh * before * (r * (T(1) - r));
        dh += drh * r;
        store(u.h, r * before, u.n);
    }
};

// h = φ(a), φ = tanh or relu; φ' follows from h itself
template <class T, bool Relu> struct Rnn {
    using V = Vec<T>;
    using XSlots = Slots<0>;
    using HSlots = Slots<0>;
    static constexpr int slots = 1, saved = 0, carried = -1;
    static constexpr bool reset_before = false, two_biases = false, direct = false;

    static INLINE void forward(V *, const Unit<T> &) {}
    static INLINE void forward_last(const V *a, const Unit<T> &u) {
        store(u.h, Relu ? (a[0] < T(0) ? V{} : a[0]) : tanh<T>(a[0]), u.n);
    }

    static INLINE void backward(V &dh, V &, const Unit<T> &u, V *d) {
        V h = load(u.h, u.n);
        d[0] = Relu ? (h <= T(0) ? V{} : dh) : dh * (T(1) - h * h);
    }
};

}  // namespace FUSED_ISA
}  // namespace fused
