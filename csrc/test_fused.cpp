// The kernel's own tests, for sanitizers: no Python, no torch.
//
// Every buffer is allocated to its exact size, so that reading or writing beside it is caught, and filled with NaN where
// the kernel must write. Values: forward against the equations written naively in double; backward against central
// differences of the naive forward's loss, L = Σ out·d_out + Σ h_T·d_hn + Σ c_T·d_cn.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <random>
#include <vector>

#include "fused.h"

using Numbers = std::vector<double>;

namespace {

int failures = 0;

struct BFloat16 {  // as the kernel's, by itself
    uint16_t bits;

    explicit BFloat16(double number) {
        const float f = float(number);
        uint32_t b;
        memcpy(&b, &f, 4);
        bits = uint16_t((f != f ? b : b + 0x7fff + (b >> 16 & 1)) >> 16);
    }
    operator double() const {
        const uint32_t b = uint32_t(bits) << 16;
        float f;
        memcpy(&f, &b, 4);
        return f;
    }
};
template <class T> constexpr int DTYPE = sizeof(T) == 8 ? FUSED_FLOAT64 : sizeof(T) == 4 ? FUSED_FLOAT32 : FUSED_BFLOAT16;
const double ALLOWED[] = {1e-4, 1e-6, 2e-2};  // differences are coarse, and so is bfloat16: 4e-3 from one to the next

struct Problem {
    int cell;
    long T, B, I, H;
    bool bias, reverse, initial;  // initial: with gradients of the initial state
    std::vector<int64_t> batch;  // sequences at each step, longest first; empty: all B have T steps
    std::vector<int64_t> first() const {
        std::vector<int64_t> rows(batch.size());
        for (size_t t = 1; t < rows.size(); t++) rows[t] = rows[t - 1] + batch[t - 1];
        return rows;
    }
    long rows() const { return batch.empty() ? T * B : first().back() + batch.back(); }
    bool there(long t, long b) const { return batch.empty() || b < batch[t]; }
    long row(long t, long b) const { return batch.empty() ? t * B + b : first()[t] + b; }
    bool last(long t, long b) const { return reverse ? t == 0 : t == T - 1 || !there(t + 1, b); }
    int gates() const {
        const int of[] = {4, 3, 3, 1, 1, 3, 2, 2, 2, 3, 3, 4, 4, 2};
        static_assert(sizeof of / sizeof *of == FUSED_CELL_COUNT, "one for each of FUSED_CELLS");
        return of[cell];
    }
    bool carries_c() const {
        return cell == FUSED_LSTM || cell == FUSED_CIFG || cell == FUSED_CIFG_NOG || cell == FUSED_NOG ||
               cell == FUSED_NIG || cell == FUSED_NIAF || cell == FUSED_NOAF;
    }
};

// Inputs by name: x, w_ih, w_hh, b_ih, b_hh, h0, c0; gradients sent back: d_out, d_hn, d_cn.
struct Values {
    Numbers x, w_ih, w_hh, b_ih, b_hh, h0, c0, d_out, d_hn, d_cn;
    Numbers &input(int i) {
        Numbers *all[] = {&x, &w_ih, &w_hh, &b_ih, &b_hh, &h0, &c0};
        return *all[i];
    }
};

double sigmoid(double x) { return 1 / (1 + exp(-x)); }

// The LSTM or one with something taken away, its gates in the order i, f, g, o; c becomes the new c.
template <class Gate> double of_lstm(int cell, Gate gate, double &c) {
    long next = 0;
    const bool coupled = cell == FUSED_CIFG || cell == FUSED_CIFG_NOG;
    double i = coupled || cell == FUSED_NIG ? 1 : sigmoid(gate(next++));
    const double f = sigmoid(gate(next++));
    if (coupled) i = 1 - f;
    const double a = gate(next++), g = cell == FUSED_NIAF ? a : tanh(a);
    const double o = cell == FUSED_NOG || cell == FUSED_CIFG_NOG ? 1 : sigmoid(gate(next));
    c = f * c + i * g;
    return o * (cell == FUSED_NOAF ? c : tanh(c));
}

// The equations of rnnbench/cells, one number at a time; returns the loss.
double naive(const Problem &p, const Values &v, Numbers &out, Numbers *last = nullptr) {
    const long G = p.gates(), H = p.H;
    Numbers h = v.h0, c = v.c0;
    out.assign(p.rows() * H, 0);
    double loss = 0;
    for (long s = 0; s < p.T; s++) {
        const long t = p.reverse ? p.T - 1 - s : s;
        for (long b = 0; b < p.B && p.there(t, b); b++) {
            Numbers ax(G * H), ah(G * H), before(h.begin() + b * H, h.begin() + (b + 1) * H), after(H);
            const auto product = [&](long row, const Numbers &state) {
                double sum = p.bias ? v.b_hh[row] : 0;
                for (long k = 0; k < H; k++) sum += v.w_hh[row * H + k] * state[k];
                return sum;
            };
            for (long row = 0; row < G * H; row++) {
                ax[row] = p.bias ? v.b_ih[row] : 0;
                for (long k = 0; k < p.I; k++) ax[row] += v.w_ih[row * p.I + k] * v.x[p.row(t, b) * p.I + k];
                ah[row] = product(row, before);
            }
            const auto gate = [&](long g, long u) { return ax[g * H + u] + ah[g * H + u]; };
            Numbers reset(H);
            for (long u = 0; u < H; u++) reset[u] = sigmoid(gate(0, u)) * before[u];
            for (long u = 0; u < H; u++) {
                double &cu = c[b * H + u];
                if (p.carries_c()) {
                    after[u] = of_lstm(p.cell, [&](long g) { return gate(g, u); }, cu);
                } else if (p.cell == FUSED_UGRNN || p.cell == FUSED_JANET) {
                    const double kept = sigmoid(gate(0, u)), n = tanh(gate(1, u));
                    const double new_ = 1 - (p.cell == FUSED_JANET ? sigmoid(gate(0, u) - 1) : kept);
                    after[u] = kept * before[u] + new_ * n;
                } else if (p.cell == FUSED_MGU) {
                    const double f = sigmoid(gate(0, u));
                    after[u] = (1 - f) * before[u] + f * tanh(ax[H + u] + product(H + u, reset));
                } else if (p.cell == FUSED_GRU) {
                    const double z = sigmoid(gate(1, u));
                    const double n = tanh(ax[2 * H + u] + sigmoid(gate(0, u)) * ah[2 * H + u]);
                    after[u] = (1 - z) * n + z * before[u];
                } else if (p.cell == FUSED_GRU_RESET_BEFORE) {
                    const double z = sigmoid(gate(1, u)), n = tanh(ax[2 * H + u] + product(2 * H + u, reset));
                    after[u] = (1 - z) * before[u] + z * n;
                } else {
                    after[u] = p.cell == FUSED_RNN_TANH ? tanh(gate(0, u)) : fmax(gate(0, u), 0);
                }
            }
            for (long u = 0; u < H; u++) {
                const long at = p.row(t, b) * H + u;
                h[b * H + u] = out[at] = after[u];
                loss += after[u] * v.d_out[at];
                if (p.last(t, b)) {
                    loss += after[u] * v.d_hn[b * H + u];
                    if (p.carries_c()) loss += c[b * H + u] * v.d_cn[b * H + u];
                }
            }
        }
    }
    if (last) last[0] = h, last[1] = c;
    return loss;
}

template <class T> std::vector<T> as(const Numbers &v) { return std::vector<T>(v.begin(), v.end()); }

template <class T> void close(const char *what, const Problem &p, int isa, const std::vector<T> &got, const Numbers &want) {
    double difference = 0, size = 1e-6;
    for (size_t i = 0; i < want.size(); i++) {
        if (want[i] != want[i]) {  // not asked of; but written it must be
            if (got[i] != got[i]) difference = INFINITY;
            continue;
        }
        difference += (got[i] - want[i]) * (got[i] - want[i]);
        size += want[i] * want[i];
    }
    const double error = sqrt(difference / size);
    // one number alone may be a difference of products that bfloat16 has rounded: 8 bits less those that cancel
    const double allowed = DTYPE<T> == FUSED_BFLOAT16 && want.size() == 1 ? 0.2 : ALLOWED[DTYPE<T>];
    if (error <= allowed) return;
    failures++;
    printf("%s: cell %d isa %d dtype %d T %ld B %ld I %ld H %ld: error %g\n", what, p.cell, isa, DTYPE<T>, p.T, p.B, p.I, p.H, error);
}

template <class T> void check(const Problem &p, int isa, int threads, Values &v) {
    const long slots = fused_saved_slots(p.cell);
    const T nan(NAN);
    std::vector<T> in[7], d[7], out(p.rows() * p.H, nan), saved(p.rows() * slots * p.H, nan);
    for (int i = 0; i < 7; i++) in[i] = as<T>(v.input(i)), d[i].assign(in[i].size(), nan);
    const auto d_out = as<T>(v.d_out), d_hn = as<T>(v.d_hn), d_cn = as<T>(v.d_cn);
    const bool c = p.carries_c();

    FusedLayer l;
    memset(&l, 0, sizeof l);
    l.cell = p.cell, l.isa = isa, l.dtype = DTYPE<T>, l.reverse = p.reverse, l.threads = threads;
    l.T = p.T, l.B = p.B, l.I = p.I, l.H = p.H;
    l.x = in[0].data(), l.x_t = p.B * p.I, l.x_b = p.I, l.w_ih = in[1].data(), l.w_hh = in[2].data();
    if (p.bias) l.b_ih = in[3].data(), l.b_hh = in[4].data(), l.d_b_ih = d[3].data(), l.d_b_hh = d[4].data();
    l.h0 = in[5].data(), l.c0 = c ? in[6].data() : nullptr;
    std::vector<T> hn(p.B * p.H, nan), cn(c ? p.B * p.H : 0, nan);
    l.hn = hn.data(), l.cn = cn.data();
    l.out = out.data(), l.saved = saved.data(), l.keep = 1;
    const auto first = p.first();
    if (!p.batch.empty()) l.batch = p.batch.data(), l.first = first.data();
    l.d_out = d_out.data(), l.d_out_t = p.B * p.H, l.d_out_b = p.H, l.d_hn = d_hn.data();
    l.d_cn = c ? d_cn.data() : nullptr;
    l.d_x = d[0].data(), l.d_w_ih = d[1].data(), l.d_w_hh = d[2].data();
    if (p.initial) l.d_h0 = d[5].data(), l.d_c0 = c ? d[6].data() : nullptr;

    for (int backward = 0; backward < 2; backward++) {
        const int64_t bytes = fused_workspace(&l, backward);
        l.workspace = aligned_alloc(64, bytes);
        memset(l.workspace, 0xff, bytes);  // NaN
        backward ? fused_backward(&l) : fused_forward(&l);
        free(l.workspace);
    }

    Numbers want, unused, last[2];
    naive(p, v, want, last);
    close("output", p, isa, out, want);
    close("last h", p, isa, hn, last[0]);
    if (c) close("last c", p, isa, cn, last[1]);
    const char *names[] = {"d_x", "d_w_ih", "d_w_hh", "d_b_ih", "d_b_hh", "d_h0", "d_c0"};
    for (int i = 0; i < 7; i++) {
        if ((i == 3 || i == 4) && !p.bias) continue;
        if (i == 6 && !c) continue;
        if (i > 4 && !p.initial) continue;
        Numbers &input = v.input(i), slope(input.size(), NAN);
        const size_t every = 1 + input.size() / 300 * 2;  // odd, so that no lane is left out
        for (size_t k = 0; k < input.size(); k += every) {
            const double x = input[k], step = 1e-5;
            input[k] = x + step;
            slope[k] = naive(p, v, unused);
            input[k] = x - step;
            slope[k] = (slope[k] - naive(p, v, unused)) / (2 * step);
            input[k] = x;
        }
        close(names[i], p, isa, d[i], slope);
    }
}

Values draw(const Problem &p) {
    std::mt19937 random(7);
    std::normal_distribution<double> normal;
    const auto fill = [&](long count, double scale) {
        Numbers v(count);
        for (double &x : v) x = BFloat16(normal(random) * scale);
        return v;
    };
    const long rows = p.gates() * p.H, states = p.B * p.H;
    Values v;
    v.x = fill(p.rows() * p.I, 1), v.w_ih = fill(rows * p.I, 0.5), v.w_hh = fill(rows * p.H, 1 / sqrt(p.H));
    v.b_ih = fill(rows, 0.5), v.b_hh = fill(rows, 0.5), v.h0 = fill(states, 0.5), v.c0 = fill(states, 0.5);
    v.d_out = fill(p.rows() * p.H, 1), v.d_hn = fill(states, 1), v.d_cn = fill(states, 1);
    return v;
}

void check_all(const Problem &p, int threads) {
    Values v = draw(p);
    for (int isa = 0; isa <= fused_best_isa(); isa++) {
        check<float>(p, isa, 1, v);
        check<double>(p, isa, threads, v);
        check<BFloat16>(p, isa, threads, v);
    }
}

// All sequences at first, then one less every other step, down to one.
std::vector<int64_t> falling(long T, long B) {
    std::vector<int64_t> batch;
    for (long t = 0; t < T; t++) batch.push_back(B - (t + 1) / 2 > 1 ? B - (t + 1) / 2 : B ? 1 : 0);
    return batch;
}

}  // namespace

int main(int argc, char **argv) {
    const long sizes[][4] = {{1, 1, 1, 1}, {3, 7, 2, 5}, {1, 4, 16, 16}, {8, 1, 16, 3},  // T, B, I, H
                             {3, 0, 2, 5}, {5, 2, 19, 17}, {70, 1, 1, 3}, {1, 7, 9, 35}, {9, 17, 3, 20}, {2, 3, 16, 16}, {1, 4, 3, 97}};
    const int few = argc > 1 ? atoi(argv[1]) : sizeof sizes / sizeof *sizes;  // an argument: so many sizes
#define FUSED_NAMED(name, type) FUSED_##name,
    const int compiled[] = {FUSED_COMPILED(FUSED_NAMED)};
    for (const int cell : compiled)
        for (int size = 0; size < few; size++) {
            Problem p{cell, sizes[size][0], sizes[size][1], sizes[size][2], sizes[size][3], size != 5, size % 2 == 1, size != 2, {}};
            check_all(p, 1 + size % 2);
            p.batch = falling(p.T, p.B);
            if (p.B) check_all(p, 1 + size % 2), p.reverse = !p.reverse, check_all(p, 2);
        }
    printf(failures ? "%d failures\n" : "all close\n", failures);
    return failures != 0;
}
