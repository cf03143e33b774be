// Every cell in each precision for the instruction set that the including file is compiled for.
#pragma once
#include "backward.h"
#include "forward.h"

namespace fused {
namespace FUSED_ISA {

template <class C, class T> struct Type {
    using Cell = C;
    using Stored = T;
};

template <class F> int64_t with_cell(const FusedLayer &l, F f) {
    const auto typed = [&](auto zero) -> int64_t {
        using T = decltype(zero);
#define FUSED_CASE(name, type) \
    case FUSED_##name: return f(Type<type<Number<T>>, T>{});
        switch (l.cell) {
            FUSED_COMPILED(FUSED_CASE)
            default: return 0;
        }
#undef FUSED_CASE
    };
#if defined(__AVX512BF16__)
    return typed(BFloat16{});  // the rest has nothing to gain from it: isa_avx512.cpp
#else
    return l.dtype == FUSED_BFLOAT16 ? typed(BFloat16{}) : l.dtype == FUSED_FLOAT64 ? typed(0.) : typed(0.f);
#endif
}

int64_t saved_slots(int32_t cell) {
    FusedLayer l = {};
    l.cell = cell;
    return with_cell(l, [](auto type) -> int64_t { return decltype(type)::Cell::saved; });
}

int64_t workspace(const FusedLayer &l, bool backward) {
    return with_cell(l, [&](auto type) -> int64_t {
        using C = decltype(type);
        return backward ? Backward<typename C::Cell, typename C::Stored>(l).workspace()
                        : Forward<typename C::Cell, typename C::Stored>(l).workspace();
    });
}

void forward(const FusedLayer &l) {
    with_cell(l, [&](auto type) -> int64_t {
        using C = decltype(type);
        return Forward<typename C::Cell, typename C::Stored>(l).run(), 0;
    });
}

void backward(const FusedLayer &l) {
    with_cell(l, [&](auto type) -> int64_t {
        using C = decltype(type);
        return Backward<typename C::Cell, typename C::Stored>(l).run(), 0;
    });
}

}  // namespace FUSED_ISA
}  // namespace fused
