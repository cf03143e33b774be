#pragma once
#include "unit.h"

namespace fused {
namespace FUSED_ISA {

// f, o = σ(a)   g = tanh(a)   c = f∘c' + g   h = o∘tanh c
template <class T> struct Nig {
    using V = Vec<T>;
    using XSlots = Slots<0, 1, 2>;
    using HSlots = Slots<0, 1, 2>;
    static constexpr int slots = 3, saved = 4, carried = 3;  // saved: f, g, o, c
    static constexpr bool reset_before = false, two_biases = false, direct = false;

    template <class U> static INLINE void forward(V *a, const U &u) {
        V f = sigmoid<T>(a[0]), g = tanh<T>(a[1]), o = sigmoid<T>(a[2]);
        V c = f * load(u.prev, u.n) + g;
        u.save(0, f), u.save(1, g), u.save(2, o), u.save(3, c);
        a[0] = o, a[1] = c;
    }
    template <class U> static INLINE void forward_last(const V *a, const U &u) { u.put(a[0] * tanh<T>(a[1])); }

    template <class U> static INLINE void backward(V &dh, V &dc, const U &u, V *d) {
        V f = u.read(0), g = u.read(1), o = u.read(2);
        V y = load(u.h, u.n) * reciprocal<T>(at_least<T>(o, Simd<T>::least));  // o = 0: only in lanes not in use
        dc += dh * o * (T(1) - y * y);
        d[0] = dc * load(u.prev, u.n) * (f * (T(1) - f));
        d[1] = dc * (T(1) - g * g);
        d[2] = dh * y * (o * (T(1) - o));
        dc = dc * f;
    }
};

}  // namespace FUSED_ISA
}  // namespace fused
