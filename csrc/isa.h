// Every cell in both precisions for the instruction set that the including file is compiled for.
#pragma once
#include "backward.h"
#include "forward.h"

namespace fused {
namespace FUSED_ISA {

template <class C, class T> struct Type {
    using Cell = C;
    using Number = T;
};

template <class F> int64_t with_cell(const FusedLayer &l, F f) {
    const auto typed = [&](auto zero) {
        using T = decltype(zero);
        switch (l.cell) {
            case FUSED_LSTM: return f(Type<Lstm<T>, T>{});
            case FUSED_GRU: return f(Type<Gru<T>, T>{});
            case FUSED_GRU_RESET_BEFORE: return f(Type<GruResetBefore<T>, T>{});
            case FUSED_RNN_TANH: return f(Type<Rnn<T, false>, T>{});
            default: return f(Type<Rnn<T, true>, T>{});
        }
    };
    return l.is_double ? typed(0.) : typed(0.f);
}

int64_t workspace(const FusedLayer &l, bool backward) {
    return with_cell(l, [&](auto type) -> int64_t {
        using C = decltype(type);
        return backward ? Backward<typename C::Cell, typename C::Number>(l).workspace()
                        : Forward<typename C::Cell, typename C::Number>(l).workspace();
    });
}

void forward(const FusedLayer &l) {
    with_cell(l, [&](auto type) -> int64_t {
        using C = decltype(type);
        return Forward<typename C::Cell, typename C::Number>(l).run(), 0;
    });
}

void backward(const FusedLayer &l) {
    with_cell(l, [&](auto type) -> int64_t {
        using C = decltype(type);
        return Backward<typename C::Cell, typename C::Number>(l).run(), 0;
    });
}

}  // namespace FUSED_ISA
}  // namespace fused
