#pragma once
#include "unit.h"

namespace fused {
namespace FUSED_ISA {

// i, f, o = σ(a)   g = tanh(a)   c = f∘c' + i∘g   h = o∘c
template <class T> struct Noaf {
    using V = Vec<T>;
    using XSlots = Slots<0, 1, 2, 3>;
    using HSlots = Slots<0, 1, 2, 3>;
    static constexpr int slots = 4, saved = 5, carried = 4;  // saved: i, f, g, o, c
    static constexpr bool reset_before = false, two_biases = false, direct = false;

    template <class U> static INLINE void forward(V *a, const U &u) {
        V i = sigmoid<T>(a[0]), f = sigmoid<T>(a[1]), g = tanh<T>(a[2]), o = sigmoid<T>(a[3]);
        V c = f * load(u.prev, u.n) + i * g;
        u.save(0, i), u.save(1, f), u.save(2, g), u.save(3, o), u.save(4, c);
        a[0] = o, a[1] = c;
    }
    template <class U> static INLINE void forward_last(const V *a, const U &u) { u.put(a[0] * a[1]); }

    template <class U> static INLINE void backward(V &dh, V &dc, const U &u, V *d) {
        V i = u.read(0), f = u.read(1), g = u.read(2), o = u.read(3);
        dc += dh * o;
        d[0] = dc * g * (i * (T(1) - i));
        d[1] = dc * load(u.prev, u.n) * (f * (T(1) - f));
        d[2] = dc * i * (T(1) - g * g);
        d[3] = dh * u.read(4) * (o * (T(1) - o));
        dc = dc * f;
    }
};

}  // namespace FUSED_ISA
}  // namespace fused
