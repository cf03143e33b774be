#pragma once
#include "unit.h"

namespace fused {
namespace FUSED_ISA {

// k = σ(a_s)   w = σ(a_s − 1)   n = tanh(a)   h = k∘h' + (1 − w)∘n
template <class T> struct Janet {
    using V = Vec<T>;
    using XSlots = Slots<0, 1>;
    using HSlots = Slots<0, 1>;
    static constexpr int slots = 2, saved = 3, carried = -1;  // saved: k, w, n
    static constexpr bool reset_before = false, two_biases = false, direct = true;

    template <class U> static INLINE void forward(V *a, const U &u) {
        V k = sigmoid<T>(a[0]), w = sigmoid<T>(a[0] - T(1));
        u.save(0, k), u.save(1, w);
        a[0] = k * load(u.h_prev, u.n);
    }
    template <class U> static INLINE void forward_last(const V *a, const U &u) {
        V n = tanh<T>(a[1]);
        u.save(2, n);
        u.put(a[0] + (T(1) - u.read(1)) * n);
    }

    template <class U> static INLINE void backward(V &dh, V &, const U &u, V *d) {
        V k = u.read(0), w = u.read(1), n = u.read(2);
        d[0] = dh * (load(u.h_prev, u.n) * (k * (T(1) - k)) - n * (w * (T(1) - w)));
        d[1] = dh * (T(1) - w) * (T(1) - n * n);
        dh = dh * k;
    }
};

}  // namespace FUSED_ISA
}  // namespace fused
