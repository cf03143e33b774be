#pragma once
#include "unit.h"

namespace fused {
namespace FUSED_ISA {

// h = φ(a), φ = tanh or relu; φ' follows from h itself
template <class T, bool Relu> struct Rnn {
    using V = Vec<T>;
    using XSlots = Slots<0>;
    using HSlots = Slots<0>;
    static constexpr int slots = 1, saved = 0, carried = -1;
    static constexpr bool reset_before = false, two_biases = false, direct = false;

    template <class U> static INLINE void forward(V *, const U &) {}
    template <class U> static INLINE void forward_last(const V *a, const U &u) {
        u.put(Relu ? (a[0] < T(0) ? V{} : a[0]) : tanh<T>(a[0]));
    }

    template <class U> static INLINE void backward(V &dh, V &, const U &u, V *d) {
        V h = load(u.h, u.n);
        d[0] = Relu ? (h <= T(0) ? V{} : dh) : dh * (T(1) - h * h);
    }
};

template <class T> using RnnTanh = Rnn<T, false>;
template <class T> using RnnRelu = Rnn<T, true>;

}  // namespace FUSED_ISA
}  // namespace fused
