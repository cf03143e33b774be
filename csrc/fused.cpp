// The exported functions: pick the instruction set, pass on.
#include "fused.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define DECLARE(isa)                                        \
    namespace fused {                                       \
    namespace isa {                                         \
    int64_t saved_slots(int32_t cell);                      \
    int64_t workspace(const FusedLayer &l, bool backward);  \
    void forward(const FusedLayer &l);                      \
    void backward(const FusedLayer &l);                     \
    }                                                       \
    }

DECLARE(baseline)
#if defined(__x86_64__)
DECLARE(avx2)
DECLARE(avx512)
DECLARE(avx512_bf16)
#define DISPATCH(call)                                \
    switch (layer->isa) {                             \
        case FUSED_AVX512_BF16:                       \
            if (layer->dtype == FUSED_BFLOAT16) return fused::avx512_bf16::call; \
            [[fallthrough]];                          \
        case FUSED_AVX512: return fused::avx512::call; \
        case FUSED_AVX2: return fused::avx2::call;     \
        default: return fused::baseline::call;         \
    }
#else
#define DISPATCH(call) return fused::baseline::call;
#endif

#if defined(__x86_64__)
namespace {

// Asked of the processor itself: __builtin_cpu_supports needs the compiler's own runtime, and without it answers no.
// A set counts where the processor has it and the system keeps its registers (XCR0).
int32_t widest() {
    unsigned a, b, c, d;
    const auto bit = [](unsigned word, int n) { return (word >> n & 1) != 0; };
    if (!__get_cpuid(1, &a, &b, &c, &d)) return FUSED_BASELINE;
    const bool fma = bit(c, 12), keeps_registers = bit(c, 27);
    if (!fma || !keeps_registers || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return FUSED_BASELINE;
    const bool avx2 = bit(b, 5), avx512 = bit(b, 16) && bit(b, 17);  // F and DQ
    unsigned kept, unused;
    __asm__("xgetbv" : "=a"(kept), "=d"(unused) : "c"(0));
    if (avx512 && (kept & 0xe6) == 0xe6) {  // 32 registers of 512 bits, their masks, and below
        const bool short_ones = bit(b, 30) && bit(b, 31);  // BW and VL
        const bool bf16 = __get_cpuid_count(7, 1, &a, &b, &c, &d) && bit(a, 5);
        return short_ones && bf16 ? FUSED_AVX512_BF16 : FUSED_AVX512;
    }
    return avx2 && (kept & 0x6) == 0x6 ? FUSED_AVX2 : FUSED_BASELINE;
}

}  // namespace
#endif

#pragma GCC visibility push(default)
extern "C" {

int32_t fused_layer_bytes() { return sizeof(FusedLayer); }

int32_t fused_best_isa() {
#if defined(__x86_64__)
    static const int32_t best = widest();
    return best;
#else
    return FUSED_BASELINE;
#endif
}

int32_t fused_cell_count() { return FUSED_CELL_COUNT; }
int32_t fused_saved_slots(int32_t cell) { return int32_t(fused::baseline::saved_slots(cell)); }  // whatever the processor

int64_t fused_workspace(const FusedLayer *layer, int32_t backward) { DISPATCH(workspace(*layer, backward != 0)) }
void fused_forward(const FusedLayer *layer) { DISPATCH(forward(*layer)) }
void fused_backward(const FusedLayer *layer) { DISPATCH(backward(*layer)) }
}
#pragma GCC visibility pop
