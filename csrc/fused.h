// The plain C interface of the fused CPU kernel: one layer, one direction, all time steps.
//
// Symbols as in rnnbench/cells: T steps, B sequences, I inputs, H units, G gates. All arrays are dense and row-major,
// (T, B, ·) or (B, ·), except where a stride is given; strides count elements. Null biases and null gradients of outputs
// stand for zero; a null d_* to be written is not wanted.
//
// Sequences of unequal lengths are packed, longest first: step t has the rows of the first batch[t] sequences alone, from
// row first[t] on, so that (T, B, ·) becomes (N, ·) with N = Σ batch. Backwards in time each starts at its own end.
#pragma once
#include <stdint.h>

#pragma GCC visibility push(default)
#ifdef __cplusplus
extern "C" {
#endif

// Every cell: its name here and its struct in cells/, in the order of rnnbench/recurrent/kernel.py.
#define FUSED_CELLS(each)                     \
    each(LSTM, Lstm)                          \
    each(GRU, Gru)                            \
    each(GRU_RESET_BEFORE, GruResetBefore)    \
    each(RNN_TANH, RnnTanh)                   \
    each(RNN_RELU, RnnRelu)                   \
    each(CIFG, Cifg)                          \
    each(CIFG_NOG, CifgNog)                   \
    each(UGRNN, Ugrnn)                        \
    each(MGU, Mgu)                            \
    each(NOG, Nog)                            \
    each(NIG, Nig)                            \
    each(NIAF, Niaf)                          \
    each(NOAF, Noaf)                          \
    each(JANET, Janet)

// What is compiled: all of them, or for a quick look by the sanitizers those whose code the others share.
#ifdef FUSED_FEW
#define FUSED_COMPILED(each) each(LSTM, Lstm) each(GRU, Gru) each(GRU_RESET_BEFORE, GruResetBefore)
#else
#define FUSED_COMPILED FUSED_CELLS
#endif

#define FUSED_NUMBER(name, type) FUSED_##name,
enum { FUSED_CELLS(FUSED_NUMBER) FUSED_CELL_COUNT };
enum { FUSED_BASELINE, FUSED_AVX2, FUSED_AVX512, FUSED_AVX512_BF16 };
enum { FUSED_FLOAT32, FUSED_FLOAT64, FUSED_BFLOAT16 };  // of all arrays; bfloat16 is computed with in float32

typedef struct {
    int32_t cell, isa, dtype, reverse, threads, keep_denormals;
    int64_t T, B, I, H;
    const int64_t *batch, *first;  // (T): sequences that have step t, never rising, and rows before it; null: B each

    const void *x;  // (T, B, I)
    int64_t x_t, x_b;                       // x_t is not used where sequences are packed
    const void *w_ih, *w_hh, *b_ih, *b_hh;  // (G·H, I), (G·H, H), (G·H), (G·H)
    const void *h0, *c0;                    // (B, H)
    void *out;                              // (T, B, H)
    void *hn, *cn;                          // (B, H): each sequence's last
    void *saved;                            // (T, B, S, H): what backward reads, S from fused_saved_slots
    int64_t keep;                           // 0 to overwrite one step's (B, S, H) when no backward will follow

    const void *d_out;  // (T, B, H)
    int64_t d_out_t, d_out_b;
    const void *d_hn, *d_cn;                          // (B, H)
    void *d_x, *d_w_ih, *d_w_hh, *d_b_ih, *d_b_hh;    // shaped as what they are gradients of
    void *d_h0, *d_c0;

    void *workspace;  // fused_workspace bytes, 64-byte aligned, contents free
} FusedLayer;

int32_t fused_layer_bytes(void);  // sizeof(FusedLayer): a caller and a library of different age find out here
int32_t fused_best_isa(void);     // the widest instruction set that this processor runs and this binary has
int32_t fused_cell_count(void);
int32_t fused_saved_slots(int32_t cell);  // how many numbers a unit leaves behind each step for the backward pass, beside h
int64_t fused_workspace(const FusedLayer *layer, int32_t backward);
void fused_forward(const FusedLayer *layer);
void fused_backward(const FusedLayer *layer);

#ifdef __cplusplus
}
#endif
#pragma GCC visibility pop
