// A layer forward through time.
//
// For each step, for each block of LANES units: all gates of the block in one panel, so that a tile of sums holds
// everything the equations need:
//
//     sums (rows × gates) = b + x_t · W_ih' + h_{t−1} · W_hh'        two `multiply`s, K = I, then K = H
//     equations → h_t and what backward reads
//
// Pre-activations never reach memory. The input's share is not a product of its own over all steps: that would write
// and read (T, B, G·H) numbers to save nothing, the panel being read once per tile either way. Where a tile would have few
// rows, so few are the sequences, the input's share of some steps is summed at once, a step a row, and waits in memory. The
// lines that the equations will write are asked for before the products, so that they are there when these are done.
//
// Weights of one or two steps are not packed: for one tile of sequences they are turned as they are read, for more a panel at
// a time, in room that all panels share and that stays in cache. A panel too large for a cache is taken in pieces, each by
// all rows, whose sums wait in memory. None of this changes what is added to what, nor in which order.
#pragma once
#include "layer.h"

namespace fused {
namespace FUSED_ISA {

template <class Cell, class T> class Forward {
    using V = Vec<T>;
    using X = typename Cell::XSlots;
    using H_ = typename Cell::HSlots;
    static constexpr int L = LANES<T>, W = WIDTH<T>, gates = X::count;
    static constexpr bool exact = PAIR<T> > 1;  // state in full beside what is written
    static constexpr int64_t SELDOM = 2;  // reads of the weights: steps; on several threads, which would each turn them, their tiles
    static constexpr int64_t LEAST_INPUTS = 16;  // of which a share is worth its way to memory and back
    static constexpr int MANY_STEPS = 24;        // whose shares are summed at once where W_ih is too large to stay in a cache
    static constexpr int64_t PIECE = 1 + PANEL_PIECE / (gates * VECTOR_BYTES);  // vectors of each gate in one

    Sizes<T> z;
    Saved<Cell, T> saved{z};
    bool packed, turned, whole;  // all weights; a panel at a time; panels
    int together;        // steps whose input's share is summed at once
    T *w_x, *w_h, *w_n, *reset_h;
    Number<T> *bias, *shares, *h_state, *c_state;  // shares: of the input, [part][u][row][step of some][slot][lane]
    V *sums;  // of one unit block, for each part
    int64_t bytes;

  public:
    explicit Forward(const FusedLayer &l) : z(l) {
        const int64_t tiles = (z.most_rows + ROWS - 1) / ROWS;
        packed = z.steps * (z.parts > 1 ? tiles : 1) > SELDOM;
        turned = !packed && tiles > 1;
        whole = (!packed && !turned) || z.most_rows <= ROWS || (z.I + z.H) * gates * L * int64_t(sizeof(T)) <= LARGEST_PANEL;
        const bool large = z.U * panel_size<T>(z.I, gates) * int64_t(sizeof(T)) > FUSED_CACHE;
        together = !packed || l.batch || z.most_rows > (large ? ROWS : ROWS / 3) || z.I < LEAST_INPUTS ? 1 : large ? MANY_STEPS : ROWS;
        if (!packed) z.packers = 1;
        Room room(l.workspace);
        const int64_t panels = packed ? z.U : turned ? z.parts : 0;
        w_x = room.take<T>(panels * panel_size<T>(z.I, gates));
        w_h = room.take<T>(panels * panel_size<T>(z.H, H_::count));
        w_n = room.take<T>(Cell::reset_before ? panels * panel_size<T>(z.H, 1) : 0);
        bias = room.take<Number<T>>(z.U * Cell::slots * L);
        shares = room.take<Number<T>>(together > 1 ? z.parts * z.U * z.most_rows * together * Cell::slots * L : 0);
        h_state = room.take<Number<T>>(exact ? z.B * z.H : 0);
        c_state = room.take<Number<T>>(exact && Cell::carried >= 0 ? z.B * z.H : 0);
        reset_h = room.take<T>(Cell::reset_before ? z.B * z.H : 0);
        sums = room.take<V>(whole ? 0 : z.parts * z.most_rows * Cell::slots);
        bytes = room.bytes();
    }
    int64_t workspace() const { return bytes; }

    void run() {
        parallel(z.packers, [](void *self, int part) { ((Forward *)self)->pack(part); }, this);
        parallel(z.parts, [](void *self, int part) { ((Forward *)self)->run_part(part); }, this);
    }

  private:
    void pack(int part) {
        for (int64_t u = part; u < z.U; u += z.packers) {
            pack_bias(u);
            if (!packed) continue;
            pack_panels(u, 0);
            pack_candidate(u, 0);
        }
    }
    void pack_panels(int64_t u, int part) {
        pack_gates((const T *)z.l.w_ih, z.H, z.I, 0, gates, u, panel_x(u, part));
        pack_gates((const T *)z.l.w_hh, z.H, z.H, 0, H_::count, u, panel_h(u, part));
    }
    void pack_candidate(int64_t u, int part) {
        if constexpr (Cell::reset_before) pack_gates((const T *)z.l.w_hh, z.H, z.H, Cell::candidate, 1, u, panel_n(u, part));
    }

    T *panel_x(int64_t u, int part) const { return w_x + (packed ? u : part) * panel_size<T>(z.I, gates); }
    T *panel_h(int64_t u, int part) const { return w_h + (packed ? u : part) * panel_size<T>(z.H, H_::count); }
    T *panel_n(int64_t u, int part) const { return w_n + (packed ? u : part) * panel_size<T>(z.H, 1); }

    // b_ih and b_hh as one, but for a slot that only the state's product reaches
    void pack_bias(int64_t u) {
        const T *b_ih = (const T *)z.l.b_ih, *b_hh = (const T *)z.l.b_hh;
        V b[Cell::slots] = {};
        for (int g = 0; g < gates; g++) {
            const int64_t from = g * z.H + u * L;
            const int h_slot = Cell::two_biases ? H_::at[g % H_::count] : X::at[g];
            if (b_ih) b[X::at[g]] += load(b_ih + from, units(u));
            if (b_hh) b[h_slot] += load(b_hh + from, units(u));
        }
        for (int j = 0; j < Cell::slots; j++) store(bias + (u * Cell::slots + j) * L, b[j]);
    }

    int units(int64_t u) const { return lanes_left(z.H, u * L, L); }

    void run_part(int part) {
        NoDenormals guard(z.l.keep_denormals);
        const int64_t b0 = z.first(part), rows = z.first(part + 1) - b0;
        if (exact) {
            copy(h_state + b0 * z.H, (const T *)z.l.h0 + b0 * z.H, rows * z.H);
            if (Cell::carried >= 0) copy(c_state + b0 * z.H, (const T *)z.l.c0 + b0 * z.H, rows * z.H);
        }
        for (int64_t step = 0; step < z.steps; step++) {
            const int64_t now = z.there(step, b0, rows), old = z.going_on(step, b0, rows);
            if (together > 1 && step % together == 0) share_inputs(step, b0, rows, part);
            if (old) run_rows(step, b0, old, false, part);
            if (now > old) run_rows(step, b0 + old, now - old, true, part);
        }
        for (int64_t b = b0; b < b0 + rows; b++) {
            const int64_t last = z.last(b);
            copy((T *)z.l.hn + b * z.H, z.h(last, b), z.H);
            if (Cell::carried >= 0) copy((T *)z.l.cn + b * z.H, saved.at(last, b) + Cell::carried * z.H, z.H);
        }
    }

    Number<T> *share(int part, int64_t u, int64_t row) const {
        return shares + ((part * z.U + u) * z.most_rows + row) * together * Cell::slots * L;
    }

    // of the steps from this one on, each sequence's side by side
    void share_inputs(int64_t step, int64_t b0, int64_t rows, int part) {
        const int64_t steps = z.steps - step < together ? z.steps - step : together;
        const int64_t next = z.l.reverse ? -z.l.x_t : z.l.x_t;
        for (int64_t u = 0; u < z.U; u++)
            for (int64_t row = 0; row < rows; row++)
                for_tiles(steps, [&](auto tile, int64_t first) INLINE_LAMBDA {
                    constexpr int M = decltype(tile)::value;
                    V sum[M][Cell::slots];
                    begin(sum, bias + u * Cell::slots * L, 0);
                    multiply<T, X>(sum, z.x(step + first, b0 + row), next, PAIR<T>, z.I, panel_x(u, part), gates * W);
                    Number<T> *to = share(part, u, row) + first * Cell::slots * L;
#pragma GCC unroll 8
                    for (int m = 0; m < M; m++)
#pragma GCC unroll 4
                        for (int j = 0; j < Cell::slots; j++) store(to + (m * Cell::slots + j) * L, sum[m][j]);
                });
    }

    template <int M> static INLINE void begin(V (&sum)[M][Cell::slots], const Number<T> *from, int64_t next) {
#pragma GCC unroll 8
        for (int m = 0; m < M; m++)
#pragma GCC unroll 4
            for (int j = 0; j < Cell::slots; j++) sum[m][j] = load(from + m * next + j * L);
    }

    template <class To> static void copy(To *to, const T *from, int64_t count) {
        for (int64_t i = 0; i < count; i++) to[i] = from[i];
    }

    // block u of row b, whose new h, or r∘h', goes to `h`
    INLINE auto unit(int64_t step, int64_t b, int64_t u, T *h, bool starts) const {
        const Unit<T> plain = saved.unit(step, b, u, h, starts);
        if constexpr (exact) {
            const int64_t at = b * z.H + u * L;
            return ExactUnit<T, Cell::carried>{plain, h_state + at, Cell::carried >= 0 ? c_state + at : nullptr};
        } else {
            return plain;
        }
    }
    INLINE auto gates_unit(int64_t step, int64_t b, int64_t u, bool starts) const {
        return unit(step, b, u, Cell::reset_before ? reset_h + b * z.H : z.h(step, b), starts);
    }

    void run_rows(int64_t step, int64_t b0, int64_t rows, bool starts, int part) {
        for (int64_t u = 0; u < z.U; u++) {
            if (turned) pack_panels(u, part);
            if (whole)
                for_tiles(rows, [&](auto M, int64_t m) INLINE_LAMBDA { gates_tile<decltype(M)::value>(step, u, b0 + m, starts, m, part); });
            else
                gates_in_pieces(step, u, b0, rows, starts, part);
        }
        if constexpr (Cell::reset_before)
            for (int64_t u = 0; u < z.U; u++) {
                if (turned) pack_candidate(u, part);
                for_tiles(rows, [&](auto M, int64_t m) INLINE_LAMBDA { candidate_tile<decltype(M)::value>(step, u, b0 + m, starts, part); });
            }
    }

    template <int M> void gates_tile(int64_t step, int64_t u, int64_t b, bool starts, int64_t row, int part) {
        V sum[M][Cell::slots];
        if (together > 1)
            begin(sum, share(part, u, row) + step % together * Cell::slots * L, together * Cell::slots * L);
        else
            begin(sum, bias + u * Cell::slots * L, 0);

        const auto first = gates_unit(step, b, u, starts);
        auto unit = first;
        for (int m = 0; m < M; m++, unit.next_row()) unit.fetch(Cell::saved);

        const T *x = z.x(step, b), *h = z.h_prev(step, b, starts);
        if (packed || turned) {
            if (together == 1) multiply<T, X>(sum, x, z.l.x_b, PAIR<T>, z.I, panel_x(u, part), gates * W);
            multiply<T, H_>(sum, h, z.H, PAIR<T>, z.H, panel_h(u, part), H_::count * W);
        } else {
            multiply_as_it_lies<T, X>(sum, x, z.l.x_b, z.I, (const T *)z.l.w_ih + u * L * z.I, z.H * z.I, units(u));
            multiply_as_it_lies<T, H_>(sum, h, z.H, z.H, (const T *)z.l.w_hh + u * L * z.H, z.H * z.H, units(u));
        }
        V a[M][Cell::slots];  // in memory: the equations need the registers
        move(sum, a[0], true);
        asm volatile("" : "+m"(a));
        equations(M, a[0], first);
    }

    template <class U> static INLINE void equations(int rows, V *a, const U &first) {
        U unit = first;
        for (int m = 0; m < rows; m++, unit.next_row()) Cell::forward(a + m * Cell::slots, unit);
        unit = first;
        for (int m = 0; m < rows; m++, unit.next_row()) Cell::forward_last(a + m * Cell::slots, unit);
    }

    void gates_in_pieces(int64_t step, int64_t u, int64_t b0, int64_t rows, bool starts, int part) {
        V *sum = sums + part * z.most_rows * Cell::slots;
        const auto first = gates_unit(step, b0, u, starts);
        for (int64_t b = 0; b < rows; b++)
            for (int j = 0; j < Cell::slots; j++) sum[b * Cell::slots + j] = load(bias + (u * Cell::slots + j) * L);
        add_pieces<X>(sum, rows, z.x(step, b0), z.l.x_b, z.I, panel_x(u, part));
        auto unit = first;
        for (int64_t b = 0; b < rows; b++, unit.next_row()) unit.fetch(Cell::saved);
        add_pieces<H_>(sum, rows, z.h_prev(step, b0, starts), z.H, z.H, panel_h(u, part));
        unit = first;
        for_tiles(rows, [&](auto M, int64_t m) INLINE_LAMBDA {
            equations(decltype(M)::value, sum + m * Cell::slots, unit);
            for (int i = 0; i < decltype(M)::value; i++) unit.next_row();
        });
    }

    // sum (rows × slots) += a · w, PIECE vectors of each gate at a time
    template <class To> static void add_pieces(V *sum, int64_t rows, const T *a, int64_t a_m, int64_t K, const T *w) {
        for (int64_t k = 0; k < K; k += PIECE * PAIR<T>)
            for_tiles(rows, [&](auto tile, int64_t first) INLINE_LAMBDA {
                constexpr int M = decltype(tile)::value;
                V s[M][Cell::slots];
                move(s, sum + first * Cell::slots, false);
                fetch_share(w + (k + PIECE * PAIR<T>) * To::count * L, PIECE * To::count * VECTOR_BYTES, first, M, rows);
                multiply<T, To>(s, a + first * a_m + k, a_m, PAIR<T>, K - k < PIECE * PAIR<T> ? K - k : PIECE * PAIR<T>,
                                w + k * To::count * L, To::count * W);
                move(s, sum + first * Cell::slots, true);
            });
    }

    template <int M> void candidate_tile(int64_t step, int64_t u, int64_t b, bool starts, int part) {
        V sum[M][1] = {};
        const T *h = reset_h + b * z.H, *w = (const T *)z.l.w_hh + (Cell::candidate * z.H + u * L) * z.H;
        if (packed || turned)
            multiply<T, Slots<0>>(sum, h, z.H, PAIR<T>, z.H, panel_n(u, part), W);
        else
            multiply_as_it_lies<T, Slots<0>>(sum, h, z.H, z.H, w, 0, units(u));
        auto unit = this->unit(step, b, u, z.h(step, b), starts);
        for (int m = 0; m < M; m++, unit.next_row()) {
            if constexpr (Cell::reset_before) Cell::forward_candidate(sum[m][0] + unit.read(Cell::candidate), unit);
        }
    }
};

}  // namespace FUSED_ISA
}  // namespace fused
