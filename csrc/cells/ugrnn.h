#pragma once
#include "unit.h"

namespace fused {
namespace FUSED_ISA {

// z = σ(a)   n = tanh(a)   h = z∘h' + (1 − z)∘n
template <class T> struct Ugrnn {
    using V = Vec<T>;
    using XSlots = Slots<0, 1>;
    using HSlots = Slots<0, 1>;
    static constexpr int slots = 2, saved = 2, carried = -1;  // saved: z, n
    static constexpr bool reset_before = false, two_biases = false, direct = true;

    template <class U> static INLINE void forward(V *a, const U &u) {
        V z = sigmoid<T>(a[0]);
        u.save(0, z);
        a[0] = z;
    }
    template <class U> static INLINE void forward_last(const V *a, const U &u) {
        V n = tanh<T>(a[1]);
        u.save(1, n);
        u.put(n + a[0] * (load(u.h_prev, u.n) - n));
    }

    template <class U> static INLINE void backward(V &dh, V &, const U &u, V *d) {
        V z = u.read(0), n = u.read(1);
        d[0] = dh * (load(u.h_prev, u.n) - n) * (z * (T(1) - z));
        d[1] = dh * (T(1) - z) * (T(1) - n * n);
        dh = dh * z;
    }
};

}  // namespace FUSED_ISA
}  // namespace fused
