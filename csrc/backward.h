// A layer backward through time, in chunks of steps whose gate gradients dg stay in cache.
//
// For each step, last to first (dh, dc: gradients of h_t and c_t that arrive from step t + 1):
//
//     dh += d_out_t;   equations → dg_t, dc'                      dg[unit block][row of the chunk][slot][lane]
//     dh' = dg_t · W_hh  (+ the cell's direct share)
//     dx_t = dg_t · W_ih                                          if wanted
//
// and after each chunk of about CHUNK rows (steps × sequences):
//
//     dW_hh' += h_{t−1}' · dg        (H × G·H)                    the sums of a tile start at zero for each chunk: adding
//     dW_ih' += x_t' · dg            (I × G·H)                    chunk by chunk keeps rounding errors small
//     db += Σ dg
//
// dg is written once in the very order in which both products read it, and the full (T, B, G·H) never exists.
#pragma once
#include "layer.h"
#include "products.h"

namespace fused {
namespace FUSED_ISA {

constexpr int64_t CHUNK = 64;
constexpr int64_t AHEAD = 1 << 19;  // bytes: half of a second-level cache of 1 MB

template <class Cell, class T> class Backward {
    using V = Vec<T>;
    using X = typename Cell::XSlots;
    using H_ = typename Cell::HSlots;
    static constexpr int L = LANES<T>, gates = X::count, S = Cell::slots;

    struct Part {
        T *dg, *dh, *dc, *drh, *reset_h;       // one chunk; one step each; r∘h' of one chunk
        T *dw_x, *dw_h, *dw_n, *db, *db_chunk;  // dw: [unit block][column][gate][lane]; db: [unit block][slot][lane]
    };

    Sizes<T> z;
    Saved<Cell, T> saved{z};
    int64_t chunk_steps, chunk_rows, padded;
    T *w_x, *w_h, *w_n;  // packed by columns
    Room room;
    bool wanted_h, wanted_x, wanted_b;

  public:
    explicit Backward(const FusedLayer &l)
        : z(l), room(l.workspace), wanted_h(l.d_w_hh), wanted_x(l.d_w_ih), wanted_b(l.d_b_ih || l.d_b_hh) {
        const int64_t rows = z.most_rows() ? z.most_rows() : 1;  // an empty batch has gradients too: zero
        chunk_steps = rows < CHUNK ? CHUNK / rows : 1;
        if (chunk_steps > z.steps) chunk_steps = z.steps;
        chunk_rows = chunk_steps * rows;
        padded = z.U * L;
        w_x = room.take<T>(l.d_x ? padded * gates * blocks<T>(z.I) * L : 0);
        w_h = room.take<T>(padded * H_::count * padded);
        w_n = room.take<T>(Cell::reset_before ? padded * padded : 0);
    }

    int64_t workspace() {
        Room all = room;
        for (int part = 0; part < z.parts; part++) take(all);
        return all.bytes();
    }

    void run() {
        parallel(z.packers, [](void *self, int part) { ((Backward *)self)->pack(part); }, this);
        parallel(z.parts, [](void *self, int part) { ((Backward *)self)->run_part(part); }, this);
        parallel(z.packers, [](void *self, int part) { ((Backward *)self)->reduce(part); }, this);
    }

  private:
    Part take(Room &from) const {
        const int64_t rows = z.most_rows();
        Part p;
        p.dg = from.take<T>(z.U * chunk_rows * S * L);
        p.dh = from.take<T>(rows * padded);
        p.dc = from.take<T>(rows * padded);
        p.drh = from.take<T>(Cell::reset_before ? rows * padded : 0);
        p.reset_h = from.take<T>(Cell::reset_before ? chunk_rows * z.H : 0);
        p.dw_x = from.take<T>(wanted_x ? padded * z.I * gates : 0);
        p.dw_h = from.take<T>(wanted_h ? padded * z.H * H_::count : 0);
        p.dw_n = from.take<T>(wanted_h && Cell::reset_before ? padded * z.H : 0);
        p.db = from.take<T>(padded * S);
        p.db_chunk = from.take<T>(padded * S);
        return p;
    }

    Part part(int number) const {
        Room from = room;
        for (int i = 0; i < number; i++) take(from);
        return take(from);
    }

    void pack(int part) {
        const T *w_hh = (const T *)z.l.w_hh;
        for (int64_t block = part; block * WIDE < z.U; block += z.packers) {
            pack_columns(w_hh, z.H, z.H, 0, H_::count, block, w_h);
            if constexpr (Cell::reset_before) pack_columns(w_hh, z.H, z.H, 2, 1, block, w_n);
        }
        for (int64_t block = part; z.l.d_x && block * WIDE < blocks<T>(z.I); block += z.packers)
            pack_columns((const T *)z.l.w_ih, z.H, z.I, 0, gates, block, w_x);
    }

    void run_part(int number) {
        NoDenormals guard(z.l.keep_denormals);
        const Part p = part(number);
        const int64_t b0 = z.first(number), rows = z.first(number + 1) - b0;
        clear(p.dw_x, wanted_x ? padded * z.I * gates : 0);
        clear(p.dw_h, wanted_h ? padded * z.H * H_::count : 0);
        clear(p.dw_n, wanted_h && Cell::reset_before ? padded * z.H : 0);
        clear(p.db, padded * S);
        copy(p.dh, padded, (const T *)z.l.d_hn, b0, rows);
        copy(p.dc, padded, (const T *)z.l.d_cn, b0, rows);

        for (int64_t end = z.steps; end > 0; end -= chunk_steps) {
            const int64_t begin = end > chunk_steps ? end - chunk_steps : 0;
            clear(p.db_chunk, padded * S);
            for (int64_t step = end - 1; step >= begin; step--) step_back(p, step, step - begin, b0, rows);
            add_weights(p, begin, end, b0, rows);
        }
        copy((T *)z.l.d_h0, b0, rows, p.dh);
        copy((T *)z.l.d_c0, b0, rows, p.dc);
    }

    void step_back(const Part &p, int64_t step, int64_t slice, int64_t b0, int64_t rows) {
        const int64_t block = chunk_rows * S * L;  // of dg
        T *dg = p.dg + slice * rows * S * L;
        const int64_t padded = this->padded, d_out_row = z.l.d_out_b;  // in registers: stores might change members
        const T *d_out = this->d_out(step, b0);

        for (int64_t u = 0; u < z.U; u++) {
            V db[S] = {};
            Unit<T> unit = saved.unit(step, b0, u, z.h(step, b0));
            T *dh_at = p.dh + u * L, *dc_at = p.dc + u * L, *d_at = dg + u * block;
            const T *d_out_at = d_out ? d_out + u * L : nullptr;
            for (int64_t b = 0; b < rows; b++, unit.next_row(), dh_at += padded, dc_at += padded, d_at += S * L) {
                V d[S], dh = load(dh_at), dc = {};
                if (d_out) dh += load(d_out_at, unit.n), d_out_at += d_out_row;
                if (Cell::carried >= 0) dc = load(dc_at);
                Cell::backward(dh, dc, unit, d);
                if (Cell::carried >= 0) store(dc_at, dc);
                if (Cell::direct) store(dh_at, dh);
#pragma GCC unroll 4
                for (int j = 0; j < S; j++) store(d_at + j * L, d[j]), db[j] += d[j];
            }
            add_bias(p, u, db);
        }
        if constexpr (Cell::reset_before) reset_back(p, step, slice, b0, rows, dg);
        const Gradients<T> d{dg, block, S * L, z.U, rows};
        Ahead ahead = reads_to_come(step, b0, rows);
        if (step || z.l.d_h0) propagate(d, H_{}, w_h, p.dh, padded, padded, Cell::direct, &ahead);
        if (z.l.d_x) propagate(d, X{}, w_x, (T *)z.l.d_x + (z.time(step) * z.B + b0) * z.I, z.I, z.I, false);
    }

    // What forward left at step − 2: h' and c' of the next step, the rest for the one after. Nothing if it is too much to
    // stay in cache.
    Ahead reads_to_come(int64_t step, int64_t b0, int64_t rows) const {
        const int64_t state = rows * z.H * int64_t(sizeof(T)), tiles = (rows + ROWS - 1) / ROWS;
        if (step < 2 || !rows || state * (Cell::saved + 2) > AHEAD) return Ahead(1);
        Ahead ahead(tiles * z.U * blocks_of_columns<T>(z.H));
        ahead.add(saved.at(step - 2, b0), state * Cell::saved);
        ahead.add(z.h(step - 2, b0), state);
        if (z.l.d_out && z.l.d_out_b == z.H) ahead.add(d_out(step - 2, b0), state);
        return ahead;
    }

    const T *d_out(int64_t step, int64_t b) const {
        return z.l.d_out ? (const T *)z.l.d_out + z.time(step) * z.l.d_out_t + b * z.l.d_out_b : nullptr;
    }

    // the gradient of r∘h' = dn · W_n; from it, those of r and h'
    void reset_back(const Part &p, int64_t step, int64_t slice, int64_t b0, int64_t rows, T *dg) {
        propagate(Gradients<T>{dg, chunk_rows * S * L, S * L, z.U, rows}, Slots<2>{}, w_n, p.drh, padded, padded, false);
        for (int64_t u = 0; u < z.U; u++) {
            V db[S] = {};
            for (int64_t b = 0; b < rows; b++) {
                T *dh_at = p.dh + b * padded + u * L, *d_at = dg + (u * chunk_rows + b) * S * L;
                V dh = load(dh_at), d[S];
                const Unit<T> unit = saved.unit(step, b0 + b, u, p.reset_h + (slice * rows + b) * z.H);
                if constexpr (Cell::reset_before) Cell::backward_reset(load(p.drh + b * padded + u * L), dh, unit, d);
                store(dh_at, dh);
                store(d_at, d[0]);
                db[0] += d[0];
            }
            add_bias(p, u, db);
        }
    }

    void add_bias(const Part &p, int64_t u, const V (&db)[S]) {
        T *at = p.db_chunk + u * S * L;
        for (int j = 0; j < S; j++) store(at + j * L, load(at + j * L) + db[j]);
    }

    void add_weights(const Part &p, int64_t begin, int64_t end, int64_t b0, int64_t rows) {
        const T *a[CHUNK];
        const int64_t steps = end - begin, block = chunk_rows * S * L;
        const auto add = [&](T *dw, int64_t N, auto slots, int64_t stride) {
            for (int64_t u = 0; u < z.U; u++)
                add_products<T, decltype(slots)::count>(dw + u * N * decltype(slots)::count * L, N, p.dg + u * block,
                                                        slots.at, S, steps, rows, a, stride);
        };
        for (int64_t i = 0; wanted_h && i < steps; i++) a[i] = z.h_prev(begin + i, b0);
        if (wanted_h) add(p.dw_h, z.H, H_{}, z.H);
        if constexpr (Cell::reset_before) {
            for (int64_t i = 0; wanted_h && i < steps; i++) a[i] = p.reset_h + i * rows * z.H;
            if (wanted_h) add(p.dw_n, z.H, Slots<2>{}, z.H);
        }
        for (int64_t i = 0; wanted_x && i < steps; i++) a[i] = z.x(begin + i, b0);
        if (wanted_x) add(p.dw_x, z.I, X{}, z.l.x_b);
        for (int64_t i = 0; i < padded * S; i++) p.db[i] += p.db_chunk[i];
    }

    // sum the threads' shares and put them in the order of the weights
    void reduce(int number) {
        NoDenormals guard(z.l.keep_denormals);
        for (int64_t u = number; u < z.U; u += z.packers) {
            if (wanted_x) reduce_weight((T *)z.l.d_w_ih, &Part::dw_x, z.I, 0, gates, u);
            if (wanted_h) reduce_weight((T *)z.l.d_w_hh, &Part::dw_h, z.H, 0, H_::count, u);
            if (wanted_h && Cell::reset_before) reduce_weight((T *)z.l.d_w_hh, &Part::dw_n, z.H, 2, 1, u);
            for (int g = 0; g < gates; g++) {
                if (z.l.d_b_ih) reduce_bias((T *)z.l.d_b_ih, g, X::at[g], u);
                if (z.l.d_b_hh) reduce_bias((T *)z.l.d_b_hh, g, Cell::two_biases ? H_::at[g % H_::count] : X::at[g], u);
            }
        }
    }

    void reduce_weight(T *to, T *Part::*share, int64_t N, int first_gate, int count, int64_t u) {
        for (int i = 0; i < z.parts; i++) {
            const T *from = part(i).*share + u * N * count * L;
            for (int g = 0; g < count; g++)
                for (int lane = 0; lane < L && u * L + lane < z.H; lane++) {
                    T *row = to + ((first_gate + g) * z.H + u * L + lane) * N;
                    const T *column = from + g * L + lane;
                    for (int64_t n = 0; n < N; n++) row[n] = (i ? row[n] : T(0)) + column[n * count * L];
                }
        }
    }

    void reduce_bias(T *to, int gate, int slot, int64_t u) {
        for (int lane = 0; lane < L && u * L + lane < z.H; lane++) {
            T sum = 0;
            for (int i = 0; i < z.parts; i++) sum += part(i).db[(u * S + slot) * L + lane];
            to[gate * z.H + u * L + lane] = sum;
        }
    }

    static void clear(T *p, int64_t count) {
        for (int64_t i = 0; i < count; i++) p[i] = 0;
    }
    void copy(T *to, int64_t stride, const T *from, int64_t b0, int64_t rows) const {
        clear(to, rows * stride);
        for (int64_t b = 0; from && b < rows; b++)
            for (int64_t i = 0; i < z.H; i++) to[b * stride + i] = from[(b0 + b) * z.H + i];
    }
    void copy(T *to, int64_t b0, int64_t rows, const T *from) const {
        for (int64_t b = 0; to && b < rows; b++)
            for (int64_t i = 0; i < z.H; i++) to[(b0 + b) * z.H + i] = from[b * padded + i];
    }
};

}  // namespace FUSED_ISA
}  // namespace fused
