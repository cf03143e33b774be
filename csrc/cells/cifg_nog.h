#pragma once
#include "unit.h"

namespace fused {
namespace FUSED_ISA {

// f = σ(a)   g = tanh(a)   c = f∘c' + (1 − f)∘g   h = tanh c
template <class T> struct CifgNog {
    using V = Vec<T>;
    using XSlots = Slots<0, 1>;
    using HSlots = Slots<0, 1>;
    static constexpr int slots = 2, saved = 3, carried = 2;  // saved: f, g, c
    static constexpr bool reset_before = false, two_biases = false, direct = false;

    template <class U> static INLINE void forward(V *a, const U &u) {
        V f = sigmoid<T>(a[0]), g = tanh<T>(a[1]);
        V c = g + f * (load(u.prev, u.n) - g);
        u.save(0, f), u.save(1, g), u.save(2, c);
        a[0] = c;
    }
    template <class U> static INLINE void forward_last(const V *a, const U &u) { u.put(tanh<T>(a[0])); }

    template <class U> static INLINE void backward(V &dh, V &dc, const U &u, V *d) {
        V f = u.read(0), g = u.read(1), h = load(u.h, u.n);
        dc += dh * (T(1) - h * h);
        d[0] = dc * (load(u.prev, u.n) - g) * (f * (T(1) - f));
        d[1] = dc * (T(1) - f) * (T(1) - g * g);
        dc = dc * f;
    }
};

}  // namespace FUSED_ISA
}  // namespace fused
