#pragma once
#include "unit.h"

namespace fused {
namespace FUSED_ISA {

// r, z = σ(a)   n = tanh(a_n + W_n (r∘h'))   h = (1 − z)∘h' + z∘n: the candidate's product waits for r
template <class T> struct GruResetBefore {
    using V = Vec<T>;
    using XSlots = Slots<0, 1, 2>;
    using HSlots = Slots<0, 1>;  // times h'
    using NSlots = Slots<2>;     // times r∘h': the candidate's
    static constexpr int slots = 3, saved = 3, carried = -1;  // saved: r, z, n
    static constexpr int candidate = 2;  // of gates, slots and what is saved
    static constexpr bool one_gate = false;
    static constexpr bool reset_before = true, two_biases = false, direct = true;

    // First r, z and r∘h', which goes where u.h points; a_n waits in n's place.
    template <class U> static INLINE void forward(V *a, const U &u) {
        V r = sigmoid<T>(a[0]);
        u.save(0, r), u.save(1, sigmoid<T>(a[1])), u.save(2, a[2]);
        store(u.h, r * load(u.h_prev, u.n), u.n);
    }
    template <class U> static INLINE void forward_last(const V *, const U &) {}
    template <class U> static INLINE void forward_candidate(V a_n, const U &u) {
        V z = u.read(1), n = tanh<T>(a_n), before = load(u.h_prev, u.n);
        u.save(2, n);
        u.put(before + z * (n - before));
    }

    template <class U> static INLINE void backward(V &dh, V &, const U &u, V *d) {
        V z = u.read(1), n = u.read(2);
        d[2] = dh * z * (T(1) - n * n);
        d[1] = dh * (n - load(u.h_prev, u.n)) * (z * (T(1) - z));
        d[0] = V{};  // waits for the gradient of r∘h'
        dh = dh * (T(1) - z);
    }
    // given drh, the gradient of r∘h'; leaves r∘h' in h for the weight gradient
    template <class U> static INLINE void backward_reset(V drh, V &dh, const U &u, V *d) {
        V r = u.read(0), before = load(u.h_prev, u.n);
        d[0] = drh * before * (r * (T(1) - r));
        dh += drh * r;
        store(u.h, r * before, u.n);
    }
};

}  // namespace FUSED_ISA
}  // namespace fused
