# %% [markdown]
# # The first hour: GRU or LSTM?
#
# Two cells, their equations beside the code that computes them, both trained on one task, and what can be said of
# who is ahead. This notebook is kept as text: run it as it is (`python examples/first_hour.py`), or make it one for
# Jupyter with jupytext (`jupytext --to notebook examples/first_hour.py`).

# %%
import matplotlib.pyplot as plt
import torch

import rnnbench
from rnnbench.cells.gru_reset_before import GRUResetBeforeCell
from rnnbench.records.table import load_history

torch.manual_seed(0)

# %% [markdown]
# ## The LSTM
#
# Three gates and a cell state, which only ever is scaled by f and added to, so that gradients can reach far back:
#
#     f, i, o = σ(W·[h, x] + b)          forget, input, output gate
#     c̃ = tanh(W·[h, x] + b)             what could be written
#     c = f∘c₋₁ + i∘c̃                    the cell keeps, and takes in
#     h = o∘tanh(c)                      what is shown of it
#
# One step by hand, with the weights of a layer, against the layer itself. torch.nn's order of gates is i, f, c̃, o.

# %%
layer = rnnbench.LSTM(input_size=2, hidden_size=3)
x = torch.randn(1, 1, 2)  # (T, B, I)
h, c = torch.randn(1, 1, 3), torch.randn(1, 1, 3)  # (1, B, H)
with torch.no_grad():
    W, b = torch.cat((layer.weight_hh_l0, layer.weight_ih_l0), dim=1), layer.bias_ih_l0 + layer.bias_hh_l0
    i, f, candidate, o = (W @ torch.cat((h[0, 0], x[0, 0])) + b).chunk(4)
    c_next = f.sigmoid() * c[0, 0] + i.sigmoid() * candidate.tanh()
    h_next = o.sigmoid() * c_next.tanh()
    output, _ = layer(x, (h, c))
torch.testing.assert_close(output[0, 0], h_next)

# %% [markdown]
# ## The GRU
#
# Two gates and no cell state. As Chung et al. 2014 give it, the reset gate acts on the state *before* the product:
#
#     r, z = σ(W·[h, x] + b)             reset, update gate
#     h̃ = tanh(W·[r∘h, x] + b)           what could be written
#     h = (1−z)∘h₋₁ + z∘h̃                one gate both keeps and takes in
#
# PyTorch and cuDNN compute another form, with the reset *after* the product, and a z that means the opposite:
#
#     h̃ = tanh(W_n x + b_n + r∘(W_hn h + b_hn))
#     h = (1−z)∘h̃ + z∘h₋₁
#
# Both, by hand, against the layers `rnnbench.GRU` (PyTorch's form) and `gru_reset_before`.

# %%
with torch.no_grad():
    layer = rnnbench.Recurrent(GRUResetBeforeCell(), input_size=2, hidden_size=3)
    W, b = torch.cat((layer.weight_hh_l0, layer.weight_ih_l0), dim=1), layer.bias_ih_l0 + layer.bias_hh_l0
    r, z = (W[:6] @ torch.cat((h[0, 0], x[0, 0])) + b[:6]).sigmoid().chunk(2)
    candidate = (W[6:] @ torch.cat((r * h[0, 0], x[0, 0])) + b[6:]).tanh()
    torch.testing.assert_close(layer(x, h)[0][0, 0], (1 - z) * h[0, 0] + z * candidate)

    layer = rnnbench.GRU(input_size=2, hidden_size=3)
    from_x = layer.weight_ih_l0 @ x[0, 0] + layer.bias_ih_l0
    from_h = layer.weight_hh_l0 @ h[0, 0] + layer.bias_hh_l0
    r, z = (from_x[:6] + from_h[:6]).sigmoid().chunk(2)
    candidate = (from_x[6:] + r * from_h[6:]).tanh()
    torch.testing.assert_close(layer(x, h)[0][0, 0], (1 - z) * candidate + z * h[0, 0])

# %% [markdown]
# ## Train both
#
# The adding problem: of 20 random numbers two are marked, and the answer is their sum. `rnnbench.train` takes the
# command line's keys; both cells of one seed see the same data in the same order. A run that is finished is not
# repeated.

# %%
for cell in ("lstm", "gru"):
    for seed in range(3):
        record = rnnbench.train(cell=cell, seq_len=20, seed=seed, name="first_hour", **{"budget.max_steps": 600})

# %% [markdown]
# ## Compare
#
# A row a run. A GRU has three quarters of an LSTM's recurrent weights; what that does to score and time is what the
# other columns say.

# %%
runs = rnnbench.load_results("results/first_hour")
print(runs.groupby("cell")[["test_accuracy", "steps", "step_ms_median", "recurrent_parameters"]].mean().round(3))

# %% [markdown]
# ## Plot
#
# Validation loss on its way, a line a seed.

# %%
figure, axes = plt.subplots(figsize=(6, 3.5))
for colour, (cell, part) in zip(("#0072B2", "#D55E00"), runs.groupby("cell", sort=False), strict=True):
    for path in part.path:
        history = load_history(path)
        axes.plot(history.step, history.valid_loss, color=colour, label=cell if path == part.path.iloc[0] else None)
axes.set(xlabel="training steps", ylabel="validation loss", yscale="log", title="Adding two of 20 numbers")
axes.legend()
figure.tight_layout()

# %% [markdown]
# ## Who is ahead?
#
# Differences are paired by seed. Three pairs cannot decide: even if all three go one way, chance alone does that one
# time in four. rnnbench calls nobody ahead before ten (docs/statistics.md says why). To see what ten say:
#
#     python -m rnnbench -m cell=lstm,gru seq_len=20 budget.max_steps=600 seed="range(10)" name=first_hour

# %%
scores = runs.pivot(index="seed", columns="cell", values="test_accuracy")
print((scores["gru"] - scores["lstm"]).round(3))
