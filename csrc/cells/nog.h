#pragma once
#include "unit.h"

namespace fused {
namespace FUSED_ISA {

// i, f = σ(a)   g = tanh(a)   c = f∘c' + i∘g   h = tanh c
template <class T> struct Nog {
    using V = Vec<T>;
    using XSlots = Slots<0, 1, 2>;
    using HSlots = Slots<0, 1, 2>;
    static constexpr int slots = 3, saved = 4, carried = 3;  // saved: i, f, g, c
    static constexpr bool reset_before = false, two_biases = false, direct = false;

    template <class U> static INLINE void forward(V *a, const U &u) {
        V i = sigmoid<T>(a[0]), f = sigmoid<T>(a[1]), g = tanh<T>(a[2]);
        V c = f * load(u.prev, u.n) + i * g;
        u.save(0, i), u.save(1, f), u.save(2, g), u.save(3, c);
        a[0] = c;
    }
    template <class U> static INLINE void forward_last(const V *a, const U &u) { u.put(tanh<T>(a[0])); }

    template <class U> static INLINE void backward(V &dh, V &dc, const U &u, V *d) {
        V i = u.read(0), f = u.read(1), g = u.read(2), h = load(u.h, u.n);
        dc += dh * (T(1) - h * h);
        d[0] = dc * g * (i * (T(1) - i));
        d[1] = dc * load(u.prev, u.n) * (f * (T(1) - f));
        d[2] = dc * i * (T(1) - g * g);
        dc = dc * f;
    }
};

}  // namespace FUSED_ISA
}  // namespace fused
