// The plain C interface of the fused CPU kernel: one layer, one direction, all time steps.
//
// Symbols as in rnnbench/cells: T steps, B sequences, I inputs, H units, G gates. All arrays are dense and row-major,
// (T, B, ·) or (B, ·), except where a stride is given; strides count elements. Null biases and null gradients of outputs
// stand for zero; a null d_* to be written is not wanted.
#pragma once
#include <stdint.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

enum { FUSED_LSTM, FUSED_GRU, FUSED_GRU_RESET_BEFORE, FUSED_RNN_TANH, FUSED_RNN_RELU };
enum { FUSED_BASELINE, FUSED_AVX2, FUSED_AVX512 };

typedef struct {
    int32_t cell, isa, is_double, reverse, threads, keep_denormals;
    int64_t T, B, I, H;

    const void *x;  // (T, B, I)
    int64_t x_t, x_b;
    const void *w_ih, *w_hh, *b_ih, *b_hh;  // (G·H, I), (G·H, H), (G·H), (G·H)
    const void *h0, *c0;                    // (B, H)
    void *out;                              // (T, B, H)
    void *saved;                            // (T, B, S, H): what backward reads, S from fused_saved_slots
    int64_t saved_t;                        // B·S·H, or 0 to overwrite one step's (B, S, H) when no backward will follow

    const void *d_out;  // (T, B, H)
    int64_t d_out_t, d_out_b;
    const void *d_hn, *d_cn;                          // (B, H)
    void *d_x, *d_w_ih, *d_w_hh, *d_b_ih, *d_b_hh;    // shaped as what they are gradients of
    void *d_h0, *d_c0;

    void *workspace;  // fused_workspace bytes, 64-byte aligned, contents free
} FusedLayer;

int32_t fused_layer_bytes(void);  // sizeof(FusedLayer): a caller and a library of different age find out here
int32_t fused_best_isa(void);     // the widest instruction set that this processor runs and this binary has
int32_t fused_saved_slots(int32_t cell);
int64_t fused_workspace(const FusedLayer *layer, int32_t backward);
void fused_forward(const FusedLayer *layer);
void fused_backward(const FusedLayer *layer);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
