#pragma once
#include "unit.h"

namespace fused {
namespace FUSED_ISA {

// f = σ(a)   n = tanh(a_n + W_n (f∘h'))   h = (1 − f)∘h' + f∘n: the candidate's product waits for f
template <class T> struct Mgu {
    using V = Vec<T>;
    using XSlots = Slots<0, 1>;
    using HSlots = Slots<0>;  // times h'
    using NSlots = Slots<1>;  // times f∘h': the candidate's
    static constexpr int slots = 2, saved = 2, carried = -1;  // saved: f, n
    static constexpr int candidate = 1;  // of gates, slots and what is saved
    static constexpr bool one_gate = true;  // which resets and writes
    static constexpr bool reset_before = true, two_biases = false, direct = true;

    // First f and f∘h', which goes where u.h points; a_n waits in n's place.
    template <class U> static INLINE void forward(V *a, const U &u) {
        V f = sigmoid<T>(a[0]);
        u.save(0, f), u.save(1, a[1]);
        store(u.h, f * load(u.h_prev, u.n), u.n);
    }
    template <class U> static INLINE void forward_last(const V *, const U &) {}
    template <class U> static INLINE void forward_candidate(V a_n, const U &u) {
        V f = u.read(0), n = tanh<T>(a_n), before = load(u.h_prev, u.n);
        u.save(1, n);
        u.put(before + f * (n - before));
    }

    template <class U> static INLINE void backward(V &dh, V &, const U &u, V *d) {
        V f = u.read(0), n = u.read(1);
        d[1] = dh * f * (T(1) - n * n);
        d[0] = dh * (n - load(u.h_prev, u.n)) * (f * (T(1) - f));  // as far as f writes; what it resets comes later
        dh = dh * (T(1) - f);
    }
    // given dfh, the gradient of f∘h': in d[0] what it adds to that of the gate; leaves f∘h' in h for the weight gradient
    template <class U> static INLINE void backward_reset(V dfh, V &dh, const U &u, V *d) {
        V f = u.read(0), before = load(u.h_prev, u.n);
        d[0] = dfh * before * (f * (T(1) - f));
        dh += dfh * f;
        store(u.h, f * before, u.n);
    }
};

}  // namespace FUSED_ISA
}  // namespace fused
