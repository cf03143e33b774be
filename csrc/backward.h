// A layer backward through time, in chunks of steps whose gate gradients dg stay in cache.
//
// For each step, last to first (dh, dc: gradients of h_t and c_t that arrive from step t + 1):
//
//     dh += d_out_t;   equations → dg_t, dc'                      dg[unit block][row of the chunk][slot][lane]
//     dh' = dg_t · W_hh  (+ the cell's direct share)
//
// and after each chunk of about CHUNK rows (steps × sequences):
//
//     dx = dg · W_ih                                              if wanted
//     dW_hh' += h_{t−1}' · dg        (H × G·H)                    the sums of a tile start at zero for each chunk: adding
//     dW_ih' += x_t' · dg            (I × G·H)                    chunk by chunk keeps rounding errors small
//     db += Σ dg
//
// (of a large dW for some chunks at once, each with its own sums). dg is written once in the very order in which both products read it, and the full (T, B, G·H) never exists.
#pragma once
#include "chunk.h"
#include "products.h"

namespace fused {
namespace FUSED_ISA {

template <class Cell, class T> class Backward {
    using V = Vec<T>;
    using X = typename Cell::XSlots;
    using H_ = typename Cell::HSlots;
    static constexpr int L = LANES<T>, gates = X::count, S = Cell::slots;

    struct Part {
        T *dg, *reset_h;                       // one chunk; r∘h' of one chunk
        T *dg_pairs, *a_pairs;                 // of bfloat16: dg and h', x or r∘h', two rows zipped
        T *a_tiles;                            // h', x or r∘h' of one chunk by tiles of columns
        const T **a_rows;                      // and where its rows are
        Number<T> *dh, *dc, *drh;              // one step each
        T **dx;                                // where each row of the chunk has its dx
        Number<T> **dh_rows, **drh_rows;       // and of a step its dh, drh
        V *sums;                               // of a product whose panel is taken in pieces
        Number<T> *dw_x, *dw_h, *dw_n, *db, *db_chunk;  // dw: [unit block][column][gate][lane]; db: [unit block][slot][lane]
    };

    Sizes<T> z;
    Saved<Cell, T> saved{z};
    int64_t chunk_steps, chunk_rows, padded;
    int at_once;  // chunks, each with its own dg
    T *w_x, *w_h, *w_n;  // packed by columns
    Room room;
    bool wanted_h, wanted_x, wanted_b;
    bool tiled;           // whether rows that dg is multiplied with are put in order first: by three columns, and often read
    bool lies_h, lies_x;  // whether dW is written at once as weights lie: of a call of one chunk, for whole vectors

  public:
    explicit Backward(const FusedLayer &l)
        : z(l), room(l.workspace), wanted_h(l.d_w_hh), wanted_x(l.d_w_ih), wanted_b(l.d_b_ih || l.d_b_hh) {
        const int64_t rows = z.most_rows ? z.most_rows : 1;  // an empty batch has gradients too: zero
        chunk_steps = rows < CHUNK ? CHUNK / rows : 1;
        if (chunk_steps > z.steps) chunk_steps = z.steps;
        chunk_rows = paired<T>(chunk_steps * rows);
        padded = z.U * L;
        const bool one_chunk = z.parts == 1 && z.steps <= chunk_steps && PAIR<T> == 1 && z.H % L == 0;
        lies_h = wanted_h && one_chunk, lies_x = wanted_x && one_chunk && z.I % L == 0;
        tiled = ROWS == 3 && PAIR<T> == 1 && z.U >= OFTEN;
        at_once = padded * (z.I + z.H) * gates * int64_t(sizeof(Number<T>)) > LARGEST_DW ? AT_ONCE : 1;
        w_x = room.take<T>(l.d_x ? padded * gates * blocks<T>(z.I) * L : 0);
        w_h = room.take<T>(goes_on() ? padded * H_::count * padded : 0);
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
        const int64_t rows = z.most_rows;
        Part p;
        p.dg = from.take<T>(at_once * z.U * chunk_rows * S * L);
        p.dg_pairs = from.take<T>(PAIR<T> > 1 ? at_once * z.U * chunk_rows * S * L : 0);
        p.a_pairs = from.take<T>(PAIR<T> > 1 ? at_once * chunk_rows * (z.I > z.H ? z.I : z.H) : 0);
        p.a_tiles = from.take<T>(tiled ? at_once * chunk_rows * (z.I > z.H ? z.I : z.H) : 0);
        p.a_rows = from.take<const T *>(tiled ? chunk_rows : 0);
        p.dh = from.take<Number<T>>(rows * padded);
        p.dc = from.take<Number<T>>(rows * padded);
        p.drh = from.take<Number<T>>(Cell::reset_before ? rows * padded : 0);
        p.reset_h = from.take<T>(Cell::reset_before ? at_once * chunk_rows * z.H : 0);
        p.dx = from.take<T *>(z.l.d_x ? chunk_rows : 0);
        p.dh_rows = from.take<Number<T> *>(rows);
        p.drh_rows = from.take<Number<T> *>(Cell::reset_before ? rows : 0);
        p.sums = from.take<V>(chunk_rows * WIDE);
        p.dw_x = from.take<Number<T>>(sums_x());
        p.dw_h = from.take<Number<T>>(sums_h());
        p.dw_n = from.take<Number<T>>(sums_n());
        p.db = from.take<Number<T>>(padded * S);
        p.db_chunk = from.take<Number<T>>(padded * S);
        return p;
    }

    int64_t sums_x() const { return wanted_x && !lies_x ? padded * z.I * gates : 0; }
    int64_t sums_h() const { return wanted_h && !lies_h ? padded * z.H * H_::count : 0; }
    int64_t sums_n() const { return wanted_h && !lies_h && Cell::reset_before ? padded * z.H : 0; }
    bool goes_on() const { return z.steps > 1 || z.l.d_h0; }  // whether any dh' is wanted

    Part part(int number) const {
        Room from = room;
        for (int i = 0; i < number; i++) take(from);
        return take(from);
    }

    void pack(int part) {
        const T *w_hh = (const T *)z.l.w_hh;
        const int64_t of_h = blocks_of_columns<T>(z.H), of_x = blocks_of_columns<T>(z.I);
        const int64_t begin = part * of_h / z.packers, end = (part + 1) * of_h / z.packers;
        if (goes_on()) pack_columns(w_hh, z.H, z.H, 0, H_::count, begin, end, w_h);
        if constexpr (Cell::reset_before) pack_columns(w_hh, z.H, z.H, Cell::candidate, 1, begin, end, w_n);
        if (z.l.d_x)
            pack_columns((const T *)z.l.w_ih, z.H, z.I, 0, gates, part * of_x / z.packers, (part + 1) * of_x / z.packers, w_x);
    }

    void run_part(int number) {
        NoDenormals guard(z.l.keep_denormals);
        const Part p = part(number);
        const int64_t b0 = z.first(number), rows = z.first(number + 1) - b0;
        clear(p.dw_x, sums_x());
        clear(p.dw_h, sums_h());
        clear(p.dw_n, sums_n());
        clear(p.db, padded * S);
        copy(p.dh, padded, (const T *)z.l.d_hn, b0, rows);
        copy(p.dc, padded, (const T *)z.l.d_cn, b0, rows);
        for (int64_t b = 0; b < rows; b++) p.dh_rows[b] = p.dh + b * padded;
        for (int64_t b = 0; Cell::reset_before && b < rows; b++) p.drh_rows[b] = p.drh + b * padded;

        Chunk chunks[AT_ONCE];
        int waiting = 0;
        for (int64_t end = z.steps; end > 0; end -= chunk_steps) {
            Chunk &chunk = chunks[waiting];
            rows_of(z, end > chunk_steps ? end - chunk_steps : 0, end, b0, rows, chunk);
            const Part now = for_chunk(p, waiting++);
            clear(p.db_chunk, padded * S);
            for (int i = chunk.count; i > 0;) {
                const int last = i--;
                while (i && chunk.rows[i - 1].step == chunk.rows[i].step) i--;
                step_back(now, chunk.rows + i, last - i, b0);
            }
            for (int64_t i = 0; i < padded * S; i++) p.db[i] += p.db_chunk[i];
            if (z.l.d_x) propagate_input(now, chunk);
            if (waiting < at_once && end > chunk_steps) continue;
            add_weights(p, chunks, waiting);
            waiting = 0;
        }
        copy((T *)z.l.d_h0, b0, rows, p.dh);
        copy((T *)z.l.d_c0, b0, rows, p.dc);
    }

    Part for_chunk(Part p, int number) const {
        p.dg += number * z.U * chunk_rows * S * L;
        if (PAIR<T> > 1) {
            p.dg_pairs += number * z.U * chunk_rows * S * L;
            p.a_pairs += number * chunk_rows * (z.I > z.H ? z.I : z.H);
        }
        p.a_tiles += tiled ? number * chunk_rows * (z.I > z.H ? z.I : z.H) : 0;
        p.reset_h += Cell::reset_before ? number * chunk_rows * z.H : 0;
        return p;
    }

    // One step of the sequences from b0 on: in one or two lots of rows, one behind the other.
    void step_back(const Part &p, const Rows *lots, int count, int64_t b0) {
        const int64_t step = lots->step, rows = lots[count - 1].b + lots[count - 1].count - b0;
        T *dg = p.dg + lots->at * S * L;
        for (int i = 0; i < count; i++) equations_back(p, lots[i], b0);
        if constexpr (Cell::reset_before) {
            propagate(Gradients<T>{dg, chunk_rows * S * L, S * L, z.U, rows}, typename Cell::NSlots{}, w_n, p.drh_rows, padded, false,
                      p.sums);
            for (int i = 0; i < count; i++) reset_back(p, lots[i], b0);
        }
        const Gradients<T> d{dg, chunk_rows * S * L, S * L, z.U, rows};
        Ahead ahead = reads_to_come(step, b0, rows);
        if (step || z.l.d_h0) propagate(d, H_{}, w_h, p.dh_rows, padded, Cell::direct, p.sums, &ahead);
    }

    // of the whole chunk at once: no step waits for it, and the weights are read once for all
    void propagate_input(const Part &p, const Chunk &chunk) const {
        int64_t rows = 0;
        for (int i = 0; i < chunk.count; i++)
            for (int64_t b = 0; b < chunk.rows[i].count; b++)
                p.dx[rows++] = (T *)z.l.d_x + z.row(chunk.rows[i].step, chunk.rows[i].b + b) * z.I;
        propagate(Gradients<T>{p.dg, chunk_rows * S * L, S * L, z.U, rows}, X{}, w_x, p.dx, z.I, false, p.sums);
    }

    void equations_back(const Part &p, const Rows &r, int64_t b0) {
        const int64_t block = chunk_rows * S * L, rows = r.count;  // block: of dg
        T *dg = p.dg + r.at * S * L;
        const int64_t padded = this->padded, d_out_row = z.l.d_out_b;  // in registers: stores might change members
        const T *d_out = this->d_out(r.step, r.b);

        for (int64_t u = 0; u < z.U; u++) {
            V db[S] = {};
            Unit<T> unit = saved.unit(r.step, r.b, u, z.h(r.step, r.b), r.starts);
            Number<T> *dh_at = p.dh + (r.b - b0) * padded + u * L, *dc_at = p.dc + (r.b - b0) * padded + u * L;
            T *d_at = dg + u * block;
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
        return z.l.d_out ? (const T *)z.l.d_out + z.at(step, b, z.l.d_out_t, z.l.d_out_b) : nullptr;
    }

    // the gradient of r∘h' = dn · W_n; from it, what it adds to those of r and h'
    void reset_back(const Part &p, const Rows &r, int64_t b0) {
        for (int64_t u = 0; u < z.U; u++) {
            V db[S] = {};
            for (int64_t b = 0; b < r.count; b++) {
                const int64_t from = (r.b - b0 + b) * padded + u * L;
                Number<T> *dh_at = p.dh + from;
                T *d_at = p.dg + (u * chunk_rows + r.at + b) * S * L;
                V dh = load(dh_at), d[S];
                const Unit<T> unit = saved.unit(r.step, r.b + b, u, p.reset_h + (r.at + b) * z.H, r.starts);
                if constexpr (Cell::reset_before) {
                    Cell::backward_reset(load(p.drh + from), dh, unit, d);
                    store(d_at, Cell::one_gate ? load(d_at) + d[0] : d[0]);
                }
                store(dh_at, dh);
                db[0] += d[0];
            }
            add_bias(p, u, db);
        }
    }

    void add_bias(const Part &p, int64_t u, const V (&db)[S]) {
        Number<T> *at = p.db_chunk + u * S * L;
        for (int j = 0; j < S; j++) store(at + j * L, load(at + j * L) + db[j]);
    }

    void add_weights(const Part &p, const Chunk *chunks, int count) {
        const T *a[AT_ONCE][2 * CHUNK];
        int64_t rows[AT_ONCE][2 * CHUNK];
        Lots<T> lots[AT_ONCE];
        int64_t pairs[AT_ONCE], all[AT_ONCE];  // of bfloat16: rows of a chunk, an even number; all rows of one
        const T *zipped[AT_ONCE], *tiles[AT_ONCE];
        if constexpr (PAIR<T> > 1)
            for (int c = 0; c < count; c++) zip_gradients(for_chunk(p, c), chunks[c]);
        for (int c = 0; c < count; c++)
            for (int i = 0; i < chunks[c].count; i++) rows[c][i] = chunks[c].rows[i].count;
        const auto add = [&](Number<T> *dw, T *lies, int64_t N, auto slots, int64_t stride, auto left) {
            constexpr int G = decltype(slots)::count;
            for (int c = 0; c < count; c++) {
                for (int i = 0; i < chunks[c].count; i++) a[c][i] = left(for_chunk(p, c), chunks[c].rows[i]);
                lots[c] = {for_chunk(p, c).dg, chunks[c].count, rows[c], a[c]};
                if (tiled && !lies) lots[c] = tile_rows(for_chunk(p, c), lots[c], N, stride, &all[c], &tiles[c]);
                if constexpr (PAIR<T> > 1) lots[c] = zip_rows(for_chunk(p, c), lots[c], N, stride, &pairs[c], &zipped[c]);
            }
            if (PAIR<T> > 1) stride = N * PAIR<T>;
            if (lies)
                for (int g = 0; g < G; g++)
                    for (int64_t u = 0; u < z.U; u++)
                        products_as_they_lie<T>(lies + (g * z.H + u * L) * N, N,
                                                lots->dg + (u * chunk_rows * S + slots.at[g]) * L, S, *lots, stride);
            for (int64_t u = 0; !lies && u < z.U; u++)
                add_products<T>(dw + u * N * G * L, N, u * chunk_rows * S * L, slots, S, lots, count, stride);
        };
        const auto h_prev = [&](const Part &, const Rows &r) { return z.h_prev(r.step, r.b, r.starts); };
        const auto reset_h = [&](const Part &now, const Rows &r) { return now.reset_h + r.at * z.H; };
        T *as_h = lies_h ? (T *)z.l.d_w_hh : nullptr, *as_x = lies_x ? (T *)z.l.d_w_ih : nullptr;
        if (wanted_h) add(p.dw_h, as_h, z.H, H_{}, z.H, h_prev);
        if constexpr (Cell::reset_before)
            if (wanted_h) {
                T *as_n = as_h ? as_h + Cell::candidate * z.H * z.H : nullptr;
                add(p.dw_n, as_n, z.H, typename Cell::NSlots{}, z.H, reset_h);
            }
        if (wanted_x) add(p.dw_x, as_x, z.I, X{}, z.l.x_b, [&](const Part &, const Rows &r) { return z.x(r.step, r.b); });
    }

    Lots<T> tile_rows(const Part &p, const Lots<T> &lots, int64_t N, int64_t stride, int64_t *all, const T **tiles) const {
        *all = 0, *tiles = p.a_tiles;
        for (int i = 0; i < lots.count; i++)
            for (int64_t row = 0; row < lots.rows[i]; row++) p.a_rows[(*all)++] = lots.a[i] + row * stride;
        tile_columns(p.a_tiles, p.a_rows, *all, N);
        return {lots.dg, 1, all, tiles, true};
    }

    // dg two rows at a time, for what is summed over rows; and so the rows that it is multiplied with
    void zip_gradients(const Part &p, const Chunk &chunk) const {
        const int64_t rows = chunk.rows_in_all();
        for (int64_t u = 0; u < z.U; u++)
            for (int64_t row = 0; row < rows; row += 2) {
                const int64_t at = (u * chunk_rows + row) * S * L;
                zip(p.dg_pairs + at, p.dg + at, row + 1 < rows ? p.dg + at + S * L : nullptr, S * L);
            }
    }
    Lots<T> zip_rows(const Part &p, const Lots<T> &lots, int64_t N, int64_t stride, int64_t *pairs,
                     const T **zipped) const {
        const T *waiting = nullptr;  // the first row of a pair
        T *to = p.a_pairs;
        for (int i = 0; i < lots.count; i++)
            for (int64_t row = 0; row < lots.rows[i]; row++) {
                const T *a = lots.a[i] + row * stride;
                if (waiting) zip(to, waiting, a, N), to += 2 * N;
                waiting = waiting ? nullptr : a;
            }
        if (waiting) zip(to, waiting, nullptr, N), to += 2 * N;
        *pairs = N ? (to - p.a_pairs) / N : 0, *zipped = p.a_pairs;
        return {p.dg_pairs, 1, pairs, zipped};
    }

    // sum the threads' shares and put them in the order of the weights
    void reduce(int number) {
        NoDenormals guard(z.l.keep_denormals);
        for (int64_t u = number; u < z.U; u += z.packers) {
            if (wanted_x && !lies_x) reduce_weight<gates>((T *)z.l.d_w_ih, &Part::dw_x, z.I, 0, u);
            if (wanted_h && !lies_h) reduce_weight<H_::count>((T *)z.l.d_w_hh, &Part::dw_h, z.H, 0, u);
            if constexpr (Cell::reset_before)
                if (wanted_h && !lies_h) reduce_weight<1>((T *)z.l.d_w_hh, &Part::dw_n, z.H, Cell::candidate, u);
            for (int g = 0; g < gates; g++) {
                if (z.l.d_b_ih) reduce_bias((T *)z.l.d_b_ih, g, X::at[g], u);
                if (z.l.d_b_hh) reduce_bias((T *)z.l.d_b_hh, g, Cell::two_biases ? H_::at[g % H_::count] : X::at[g], u);
            }
        }
    }

    template <int count> void reduce_weight(T *to, Number<T> *Part::*share, int64_t N, int first_gate, int64_t u) {
        const Number<T> *first = part(0).*share;
        const int64_t next = z.parts > 1 ? part(1).*share - first : 0;  // as far apart as any two
        for (int g = 0; g < count; g++)
            add_turned(to + ((first_gate + g) * z.H + u * L) * N, N, lanes_left(z.H, u * L, L),
                       first + (u * N * count + g) * L, count * L, next, z.parts);
    }

    void reduce_bias(T *to, int gate, int slot, int64_t u) {
        for (int lane = 0; lane < L && u * L + lane < z.H; lane++) {
            Number<T> sum = 0;
            for (int i = 0; i < z.parts; i++) sum += part(i).db[(u * S + slot) * L + lane];
            to[gate * z.H + u * L + lane] = T(sum);
        }
    }

    void copy(Number<T> *to, int64_t stride, const T *from, int64_t b0, int64_t rows) const {
        clear(to, rows * stride);
        for (int64_t b = 0; from && b < rows; b++)
            for (int64_t i = 0; i < z.H; i++) to[b * stride + i] = from[(b0 + b) * z.H + i];
    }
    void copy(T *to, int64_t b0, int64_t rows, const Number<T> *from) const {
        for (int64_t b = 0; to && b < rows; b++)
            for (int64_t i = 0; i < z.H; i++) to[(b0 + b) * z.H + i] = T(from[b * padded + i]);
    }
};

}  // namespace FUSED_ISA
}  // namespace fused
