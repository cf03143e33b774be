# mypy: ignore-errors
"""One step a launch, for layers too wide for one program to hold W_hh: what is left of a step beside the product.

The n sequences that have the step are the first n. `sums` are W_ih x + W_hh h₋₁ + b of this step's rows, (n, G, H), all
other arguments those of the whole layer with the rows of this step, and of the step done before it, given by where they
begin.
"""

from __future__ import annotations

import triton
import triton.language as tl

from rnnbench.recurrent.gpu.cells import gru, gru_back, lstm, lstm_back
from rnnbench.recurrent.gpu.loop import _read, _write

SPECIAL = ["row", "before", "n", "n_before", "H"]
"""Arguments that a kernel is not compiled for anew."""


@triton.jit
def _place(n, H, BB: tl.constexpr, BU: tl.constexpr):
    """(sequences, units, which are there)"""
    b = tl.program_id(0) * BB + tl.arange(0, BB)[:, None]
    u = tl.program_id(1) * BU + tl.arange(0, BU)[None, :]
    return b.to(tl.int64), u, (b < n) & (u < H)


@triton.jit(do_not_specialize=SPECIAL)
def lstm_forward(sums, h, c, out, saved, row, n, H, BB: tl.constexpr, BU: tl.constexpr):
    """h, c (B, H) float32: the state, replaced by the next one."""
    b, u, mask = _place(n, H, BB, BU)
    at, state = b * 4 * H + u, b * H + u
    i, f, g, o, c_now, h_now = lstm(
        _read(sums, at, mask), _read(sums, at + H, mask), _read(sums, at + 2 * H, mask), _read(sums, at + 3 * H, mask),
        _read(c, state, mask),
    )  # fmt: skip
    at = (row + b) * 5 * H + u
    _write(saved, at, mask, i)
    _write(saved, at + H, mask, f)
    _write(saved, at + 2 * H, mask, g)
    _write(saved, at + 3 * H, mask, o)
    _write(saved, at + 4 * H, mask, c_now)
    _write(out, (row + b) * H + u, mask, h_now)
    _write(h, state, mask, h_now)
    _write(c, state, mask, c_now)


@triton.jit(do_not_specialize=SPECIAL)
def lstm_backward(saved, c0, d_out, d_sums, dh, dc, row, before, n, n_before, H, BB: tl.constexpr, BU: tl.constexpr):
    """dh, dc (B, H) float32; dc is replaced by the derivative by the state before, dh is to be by the product."""
    b, u, mask = _place(n, H, BB, BU)
    at, state = (row + b) * 5 * H + u, b * H + u
    held = mask & (b < n_before)
    c_prev = tl.where(
        held, _read(saved, ((before + b) * 5 + 4) * H + u, held), _read(c0, state, mask & (b >= n_before))
    )
    di, df, dg, do, dc_prev = lstm_back(
        _read(saved, at, mask), _read(saved, at + H, mask), _read(saved, at + 2 * H, mask),
        _read(saved, at + 3 * H, mask), _read(saved, at + 4 * H, mask), c_prev,
        _read(dh, state, mask) + _read(d_out, (row + b) * H + u, mask),
        _read(dc, state, mask),
    )  # fmt: skip
    at = (row + b) * 4 * H + u
    _write(d_sums, at, mask, di)
    _write(d_sums, at + H, mask, df)
    _write(d_sums, at + 2 * H, mask, dg)
    _write(d_sums, at + 3 * H, mask, do)
    _write(dc, state, mask, dc_prev)


@triton.jit(do_not_specialize=SPECIAL)
def gru_forward(sums, hidden, h, out, saved, row, n, H, BB: tl.constexpr, BU: tl.constexpr):
    """sums (N, 3, H) of the whole layer, W_ih x + b; hidden (n, 3, H): W_hh h₋₁, with the bias of n_h."""
    b, u, mask = _place(n, H, BB, BU)
    at, own, state = (row + b) * 3 * H + u, b * 3 * H + u, b * H + u
    n_h = _read(hidden, own + 2 * H, mask)
    r, z, new, h_now = gru(
        _read(sums, at, mask) + _read(hidden, own, mask), _read(sums, at + H, mask) + _read(hidden, own + H, mask),
        _read(sums, at + 2 * H, mask), n_h, _read(h, state, mask),
    )  # fmt: skip
    at = (row + b) * 4 * H + u
    _write(saved, at, mask, r)
    _write(saved, at + H, mask, z)
    _write(saved, at + 2 * H, mask, new)
    _write(saved, at + 3 * H, mask, n_h)
    _write(out, (row + b) * H + u, mask, h_now)
    _write(h, state, mask, h_now)


@triton.jit(do_not_specialize=SPECIAL)
def gru_backward(
    saved, h0, out, d_out, d_sums, d_hidden, dh, row, before, n, n_before, H, BB: tl.constexpr, BU: tl.constexpr
):
    """dh (B, H) float32 is replaced by what passes the gates by; d_hidden (n, 3, H): by the sums of r, z and by n_h."""
    b, u, mask = _place(n, H, BB, BU)
    at, state = (row + b) * 4 * H + u, b * H + u
    held = mask & (b < n_before)
    h_prev = tl.where(held, _read(out, (before + b) * H + u, held), _read(h0, state, mask & (b >= n_before)))
    dr, dz, dn, dn_h, past = gru_back(
        _read(saved, at, mask), _read(saved, at + H, mask), _read(saved, at + 2 * H, mask),
        _read(saved, at + 3 * H, mask), h_prev,
        _read(dh, state, mask) + _read(d_out, (row + b) * H + u, mask),
    )  # fmt: skip
    _write(d_sums, at, mask, dr)
    _write(d_sums, at + H, mask, dz)
    _write(d_sums, at + 2 * H, mask, dn)
    _write(d_sums, at + 3 * H, mask, dn_h)
    at = b * 3 * H + u
    _write(d_hidden, at, mask, dr)
    _write(d_hidden, at + H, mask, dz)
    _write(d_hidden, at + 2 * H, mask, dn_h)
    _write(dh, state, mask, past)
