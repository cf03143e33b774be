// The exported functions: pick the instruction set, pass on.
#include "fused.h"

#define DECLARE(isa)                                        \
    namespace fused {                                       \
    namespace isa {                                         \
    int64_t workspace(const FusedLayer &l, bool backward);  \
    void forward(const FusedLayer &l);                      \
    void backward(const FusedLayer &l);                     \
    }                                                       \
    }

DECLARE(baseline)
#if defined(__x86_64__)
DECLARE(avx2)
DECLARE(avx512)
#define DISPATCH(call)                                \
    switch (layer->isa) {                             \
        case FUSED_AVX512: return fused::avx512::call; \
        case FUSED_AVX2: return fused::avx2::call;     \
        default: return fused::baseline::call;         \
    }
#else
#define DISPATCH(call) return fused::baseline::call;
#endif

#pragma GCC visibility push(default)
extern "C" {

int32_t fused_layer_bytes() { return sizeof(FusedLayer); }

int32_t fused_best_isa() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("fma"))
        return FUSED_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return FUSED_AVX2;
#endif
    return FUSED_BASELINE;
}

int32_t fused_saved_slots(int32_t cell) {
    switch (cell) {
        case FUSED_LSTM: return 5;              // i, f, g, o, c
        case FUSED_GRU: return 4;               // r, z, n, W_hn h' + b_hn
        case FUSED_GRU_RESET_BEFORE: return 3;  // r, z, n
        default: return 0;                      // the output is enough
    }
}

int64_t fused_workspace(const FusedLayer *layer, int32_t backward) { DISPATCH(workspace(*layer, backward != 0)) }
void fused_forward(const FusedLayer *layer) { DISPATCH(forward(*layer)) }
void fused_backward(const FusedLayer *layer) { DISPATCH(backward(*layer)) }
}
#pragma GCC visibility pop
