#pragma once
#include "unit.h"

namespace fused {
namespace FUSED_ISA {

// r, z = σ(a)   n = tanh(a_nx + r∘a_nh)   h = (1 − z)∘n + z∘h'
template <class T> struct Gru {
    using V = Vec<T>;
    using XSlots = Slots<0, 1, 2>;  // r, z, nx
    using HSlots = Slots<0, 1, 3>;  // r, z, nh
    static constexpr int slots = 4, saved = 4, carried = -1;  // saved: r, z, n, a_nh
    static constexpr bool reset_before = false, two_biases = true, direct = true;

    template <class U> static INLINE void forward(V *a, const U &u) {
        V r = sigmoid<T>(a[0]), z = sigmoid<T>(a[1]);
        u.save(0, r), u.save(1, z), u.save(3, a[3]);
        a[0] = a[2] + r * a[3], a[1] = z;
    }
    template <class U> static INLINE void forward_last(const V *a, const U &u) {
        V n = tanh<T>(a[0]);
        u.save(2, n);
        u.put(n + a[1] * (load(u.h_prev, u.n) - n));
    }

    template <class U> static INLINE void backward(V &dh, V &, const U &u, V *d) {
        V r = u.read(0), z = u.read(1), n = u.read(2), a_nh = u.read(3);
        d[2] = dh * (T(1) - z) * (T(1) - n * n);
        d[3] = d[2] * r;
        d[0] = d[2] * a_nh * (r * (T(1) - r));
        d[1] = dh * (load(u.h_prev, u.n) - n) * (z * (T(1) - z));
        dh = dh * z;
    }
};

}  // namespace FUSED_ISA
}  // namespace fused
