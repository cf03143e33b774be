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

struct Problem {
    int cell;
    long T, B, I, H;
    bool bias, reverse;
    int gates() const { return cell == FUSED_LSTM ? 4 : cell == FUSED_GRU || cell == FUSED_GRU_RESET_BEFORE ? 3 : 1; }
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

// The equations of rnnbench/cells, one number at a time; returns the loss.
double naive(const Problem &p, const Values &v, Numbers &out) {
    const long G = p.gates(), H = p.H;
    Numbers h = v.h0, c = v.c0;
    out.assign(p.T * p.B * H, 0);
    double loss = 0;
    for (long s = 0; s < p.T; s++) {
        const long t = p.reverse ? p.T - 1 - s : s;
        for (long b = 0; b < p.B; b++) {
            Numbers ax(G * H), ah(G * H), before(h.begin() + b * H, h.begin() + (b + 1) * H), after(H);
            const auto product = [&](long row, const Numbers &state) {
                double sum = p.bias ? v.b_hh[row] : 0;
                for (long k = 0; k < H; k++) sum += v.w_hh[row * H + k] * state[k];
                return sum;
            };
            for (long row = 0; row < G * H; row++) {
                ax[row] = p.bias ? v.b_ih[row] : 0;
                for (long k = 0; k < p.I; k++) ax[row] += v.w_ih[row * p.I + k] * v.x[(t * p.B + b) * p.I + k];
                ah[row] = product(row, before);
            }
            const auto gate = [&](long g, long u) { return ax[g * H + u] + ah[g * H + u]; };
            Numbers reset(H);
            for (long u = 0; u < H && G == 3; u++) reset[u] = sigmoid(gate(0, u)) * before[u];
            for (long u = 0; u < H; u++) {
                double &cu = c[b * H + u];
                if (p.cell == FUSED_LSTM) {
                    cu = sigmoid(gate(1, u)) * cu + sigmoid(gate(0, u)) * tanh(gate(2, u));
                    after[u] = sigmoid(gate(3, u)) * tanh(cu);
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
                const long at = (t * p.B + b) * H + u;
                h[b * H + u] = out[at] = after[u];
                loss += after[u] * v.d_out[at];
                if (s == p.T - 1) {
                    loss += after[u] * v.d_hn[b * H + u];
                    if (p.cell == FUSED_LSTM) loss += c[b * H + u] * v.d_cn[b * H + u];
                }
            }
        }
    }
    return loss;
}

template <class T> std::vector<T> as(const Numbers &v) { return std::vector<T>(v.begin(), v.end()); }

template <class T> void close(const char *what, const Problem &p, int isa, const std::vector<T> &got, const Numbers &want) {
    double difference = 0, size = 1e-6;
    for (size_t i = 0; i < want.size(); i++) {
        difference += (got[i] - want[i]) * (got[i] - want[i]);
        size += want[i] * want[i];
    }
    const double error = sqrt(difference / size), allowed = sizeof(T) == 4 ? 1e-4 : 1e-6;  // differences are coarse
    if (error <= allowed) return;
    failures++;
    printf("%s: cell %d isa %d T %ld B %ld I %ld H %ld: error %g\n", what, p.cell, isa, p.T, p.B, p.I, p.H, error);
}

template <class T> void check(const Problem &p, int isa, int threads, Values &v) {
    const long slots = fused_saved_slots(p.cell);
    const T nan = T(NAN);
    std::vector<T> in[7], d[7], out(p.T * p.B * p.H, nan), saved(p.T * p.B * slots * p.H, nan);
    for (int i = 0; i < 7; i++) in[i] = as<T>(v.input(i)), d[i].assign(in[i].size(), nan);
    const auto d_out = as<T>(v.d_out), d_hn = as<T>(v.d_hn), d_cn = as<T>(v.d_cn);
    const bool c = p.cell == FUSED_LSTM;

    FusedLayer l;
    memset(&l, 0, sizeof l);
    l.cell = p.cell, l.isa = isa, l.is_double = sizeof(T) == 8, l.reverse = p.reverse, l.threads = threads;
    l.T = p.T, l.B = p.B, l.I = p.I, l.H = p.H;
    l.x = in[0].data(), l.x_t = p.B * p.I, l.x_b = p.I, l.w_ih = in[1].data(), l.w_hh = in[2].data();
    if (p.bias) l.b_ih = in[3].data(), l.b_hh = in[4].data(), l.d_b_ih = d[3].data(), l.d_b_hh = d[4].data();
    l.h0 = in[5].data(), l.c0 = c ? in[6].data() : nullptr;
    l.out = out.data(), l.saved = saved.data(), l.saved_t = p.B * slots * p.H;
    l.d_out = d_out.data(), l.d_out_t = p.B * p.H, l.d_out_b = p.H, l.d_hn = d_hn.data();
    l.d_cn = c ? d_cn.data() : nullptr;
    l.d_x = d[0].data(), l.d_w_ih = d[1].data(), l.d_w_hh = d[2].data(), l.d_h0 = d[5].data();
    l.d_c0 = c ? d[6].data() : nullptr;

    for (int backward = 0; backward < 2; backward++) {
        const int64_t bytes = fused_workspace(&l, backward);
        l.workspace = aligned_alloc(64, bytes);
        memset(l.workspace, 0xff, bytes);  // NaN
        backward ? fused_backward(&l) : fused_forward(&l);
        free(l.workspace);
    }

    Numbers want, unused;
    naive(p, v, want);
    close("output", p, isa, out, want);
    const char *names[] = {"d_x", "d_w_ih", "d_w_hh", "d_b_ih", "d_b_hh", "d_h0", "d_c0"};
    for (int i = 0; i < 7; i++) {
        if ((i == 3 || i == 4) && !p.bias) continue;
        if (i == 6 && !c) continue;
        Numbers &input = v.input(i), slope(input.size());
        for (size_t k = 0; k < input.size(); k++) {
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
        for (double &x : v) x = float(normal(random) * scale);
        return v;
    };
    const long rows = p.gates() * p.H, states = p.B * p.H;
    Values v;
    v.x = fill(p.T * p.B * p.I, 1), v.w_ih = fill(rows * p.I, 0.5), v.w_hh = fill(rows * p.H, 1 / sqrt(p.H));
    v.b_ih = fill(rows, 0.5), v.b_hh = fill(rows, 0.5), v.h0 = fill(states, 0.5), v.c0 = fill(states, 0.5);
    v.d_out = fill(p.T * states, 1), v.d_hn = fill(states, 1), v.d_cn = fill(states, 1);
    return v;
}

}  // namespace

int main(int argc, char **) {
    const long sizes[][4] = {{1, 1, 1, 1}, {3, 7, 2, 5}, {3, 0, 2, 5}, {5, 2, 19, 17}, {70, 1, 1, 3}};  // T, B, I, H
    const int few = argc > 1 ? 3 : 5;  // an argument: a short run
    for (int cell = FUSED_LSTM; cell <= FUSED_RNN_RELU; cell++)
        for (int size = 0; size < few; size++) {
            Problem p{cell, sizes[size][0], sizes[size][1], sizes[size][2], sizes[size][3], size != 3, size % 2 == 1};
            Values v = draw(p);
            for (int isa = 0; isa <= fused_best_isa(); isa++) {
                check<float>(p, isa, 1, v);
                check<double>(p, isa, 1 + size % 2, v);
            }
        }
    printf(failures ? "%d failures\n" : "all close\n", failures);
    return failures != 0;
}
