# mypy: ignore-errors
"""The whole time loop in one launch: a program takes a few sequences through all steps, with W_hh held in registers.

Each program has all units of its sequences, so that none ever waits for another. Rows are those of x: step t of
sequence b is row t·B + b, or where sequences are packed first[t] + b, for b < sizes[t] (rnnbench/recurrent/packing.py).
A sequence without a step t keeps its state there: forwards it has ended, backwards in time it has not begun.

Lanes are networks side by side, each with weights, sequences and results of its own: a first axis of every tensor but
those of the packing. Shapes below are one lane's, of N rows.

N, T, B and H are not specialised on: a kernel is compiled once for each width and dtype.
"""

from __future__ import annotations

import triton
import triton.language as tl

from rnnbench.recurrent.gpu.cells import gru, gru_back, lstm, lstm_back


@triton.jit
def _lane(n, H):
    """Where what is this lane's begins in a tensor (lanes, n, H)."""
    return tl.program_id(1).to(tl.int64) * n * H


@triton.jit
def _block(rows, units, there, H, column, columns):
    """(offsets, mask) of a column of H numbers in rows of `columns` of them."""
    at = (rows[:, None].to(tl.int64) * columns + column) * H + units[None, :]
    return at, there[:, None] & (units < H)[None, :]


@triton.jit
def _weights(w, H, gate, BH: tl.constexpr):
    """W_hh's part of a gate as (from k, to u)."""
    k, u = tl.arange(0, BH), tl.arange(0, BH)
    inside = (k < H)[:, None] & (u < H)[None, :]
    return tl.load(w + (gate * H + u[None, :]) * H + k[:, None], mask=inside, other=0.0)


@triton.jit
def _read(pointer, at, mask):
    return tl.load(pointer + at, mask=mask, other=0.0).to(tl.float32)


@triton.jit
def _write(pointer, at, mask, value):
    tl.store(pointer + at, value.to(pointer.dtype.element_ty), mask=mask)


@triton.jit
def _step(s, T, B, sizes, first, b, REVERSE: tl.constexpr, PACKED: tl.constexpr):
    """(rows, which of them are there) of the s-th step that is done."""
    t = T - 1 - s if REVERSE else s
    if PACKED:
        row, n = tl.load(first + t), tl.load(sizes + t)
    else:
        row, n = (t * B).to(tl.int64), B.to(tl.int64)
    return row + b, b < n


@triton.jit(do_not_specialize=["N", "T", "B", "H"])
def lstm_forward(
    sums, w, h0, c0, out, saved, hn, cn, sizes, first, N, T, B, H,
    BB: tl.constexpr, BH: tl.constexpr, REVERSE: tl.constexpr, PACKED: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """sums (N, 4, H): W_ih x + b. out (N, H), saved (N, 5, H): i, f, g, o, c."""
    own_rows, own_state, own_units = _lane(N, H), _lane(B, H), _lane(1, H)
    sums, w, h0, c0 = sums + 4 * own_rows, w + 4 * H * own_units, h0 + own_state, c0 + own_state
    out, saved, hn, cn = out + own_rows, saved + 5 * own_rows, hn + own_state, cn + own_state
    b, u = tl.program_id(0) * BB + tl.arange(0, BB), tl.arange(0, BH)
    start, inside = _block(b, u, b < B, H, 0, 1)
    h, c = _read(h0, start, inside), _read(c0, start, inside)
    w_i, w_f, w_g, w_o = _weights(w, H, 0, BH), _weights(w, H, 1, BH), _weights(w, H, 2, BH), _weights(w, H, 3, BH)
    for s in range(T):
        rows, there = _step(s, T, B, sizes, first, b, REVERSE, PACKED)
        at, mask = _block(rows, u, there, H, 0, 4)
        short = h.to(w.dtype.element_ty)
        i = _read(sums, at, mask) + tl.dot(short, w_i, input_precision=PRECISION)
        f = _read(sums, at + H, mask) + tl.dot(short, w_f, input_precision=PRECISION)
        g = _read(sums, at + 2 * H, mask) + tl.dot(short, w_g, input_precision=PRECISION)
        o = _read(sums, at + 3 * H, mask) + tl.dot(short, w_o, input_precision=PRECISION)
        i, f, g, o, c_now, h_now = lstm(i, f, g, o, c)
        at, mask = _block(rows, u, there, H, 0, 5)
        _write(saved, at, mask, i)
        _write(saved, at + H, mask, f)
        _write(saved, at + 2 * H, mask, g)
        _write(saved, at + 3 * H, mask, o)
        _write(saved, at + 4 * H, mask, c_now)
        at, mask = _block(rows, u, there, H, 0, 1)
        _write(out, at, mask, h_now)
        h, c = tl.where(mask, h_now, h), tl.where(mask, c_now, c)
    _write(hn, start, inside, h)
    _write(cn, start, inside, c)


@triton.jit(do_not_specialize=["N", "T", "B", "H"])
def lstm_backward(
    saved, w, c0, d_out, d_hn, d_cn, d_sums, d_h0, d_c0, sizes, first, N, T, B, H,
    BB: tl.constexpr, BH: tl.constexpr, REVERSE: tl.constexpr, PACKED: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """d_sums (N, 4, H), d_h0 and d_c0 (B, H), from derivatives by out, the last h and the last c."""
    own_rows, own_state, own_units = _lane(N, H), _lane(B, H), _lane(1, H)
    saved, w, c0, d_out = saved + 5 * own_rows, w + 4 * H * own_units, c0 + own_state, d_out + own_rows
    d_hn, d_cn, d_h0, d_c0 = d_hn + own_state, d_cn + own_state, d_h0 + own_state, d_c0 + own_state
    d_sums = d_sums + 4 * own_rows
    b, u = tl.program_id(0) * BB + tl.arange(0, BB), tl.arange(0, BH)
    start, inside = _block(b, u, b < B, H, 0, 1)
    dh, dc = _read(d_hn, start, inside), _read(d_cn, start, inside)
    first_c = _read(c0, start, inside)
    w_i, w_f = tl.trans(_weights(w, H, 0, BH)), tl.trans(_weights(w, H, 1, BH))
    w_g, w_o = tl.trans(_weights(w, H, 2, BH)), tl.trans(_weights(w, H, 3, BH))
    for back in range(T):
        s = T - 1 - back
        rows, there = _step(s, T, B, sizes, first, b, REVERSE, PACKED)
        at, mask = _block(rows, u, there, H, 0, 5)
        i, f, g, o = (
            _read(saved, at, mask),
            _read(saved, at + H, mask),
            _read(saved, at + 2 * H, mask),
            _read(saved, at + 3 * H, mask),
        )
        c = _read(saved, at + 4 * H, mask)
        # the state before: of the step done before this one, or where there is none the initial one
        before, had = _step(tl.maximum(s - 1, 0), T, B, sizes, first, b, REVERSE, PACKED)
        had = had & there & (s > 0)
        at, held = _block(before, u, had, H, 4, 5)
        c_prev = tl.where(held, _read(saved, at, held), first_c)
        at, mask = _block(rows, u, there, H, 0, 1)
        di, df, dg, do, dc_prev = lstm_back(i, f, g, o, c, c_prev, dh + _read(d_out, at, mask), dc)
        at, mask = _block(rows, u, there, H, 0, 4)
        _write(d_sums, at, mask, di)
        _write(d_sums, at + H, mask, df)
        _write(d_sums, at + 2 * H, mask, dg)
        _write(d_sums, at + 3 * H, mask, do)
        short = w.dtype.element_ty
        dh_prev = tl.dot(di.to(short), w_i, input_precision=PRECISION) + tl.dot(
            df.to(short), w_f, input_precision=PRECISION
        )
        dh_prev += tl.dot(dg.to(short), w_g, input_precision=PRECISION) + tl.dot(
            do.to(short), w_o, input_precision=PRECISION
        )
        dh, dc = tl.where(mask, dh_prev, dh), tl.where(mask, dc_prev, dc)
    _write(d_h0, start, inside, dh)
    _write(d_c0, start, inside, dc)


@triton.jit(do_not_specialize=["N", "T", "B", "H"])
def gru_forward(
    sums, w, b_n, h0, out, saved, hn, sizes, first, N, T, B, H,
    BB: tl.constexpr, BH: tl.constexpr, REVERSE: tl.constexpr, PACKED: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """sums (N, 3, H): W_ih x + b; b_n (H,) the bias of n_h. out (N, H), saved (N, 4, H): r, z, n, n_h."""
    own_rows, own_state, own_units = _lane(N, H), _lane(B, H), _lane(1, H)
    sums, w, b_n, h0 = sums + 3 * own_rows, w + 3 * H * own_units, b_n + own_units, h0 + own_state
    out, saved, hn = out + own_rows, saved + 4 * own_rows, hn + own_state
    b, u = tl.program_id(0) * BB + tl.arange(0, BB), tl.arange(0, BH)
    start, inside = _block(b, u, b < B, H, 0, 1)
    h = _read(h0, start, inside)
    w_r, w_z, w_n = _weights(w, H, 0, BH), _weights(w, H, 1, BH), _weights(w, H, 2, BH)
    bias = tl.load(b_n + u, mask=u < H, other=0.0).to(tl.float32)
    for s in range(T):
        rows, there = _step(s, T, B, sizes, first, b, REVERSE, PACKED)
        at, mask = _block(rows, u, there, H, 0, 3)
        short = h.to(w.dtype.element_ty)
        r = _read(sums, at, mask) + tl.dot(short, w_r, input_precision=PRECISION)
        z = _read(sums, at + H, mask) + tl.dot(short, w_z, input_precision=PRECISION)
        n_h = tl.dot(short, w_n, input_precision=PRECISION) + bias[None, :]
        r, z, n, h_now = gru(r, z, _read(sums, at + 2 * H, mask), n_h, h)
        at, mask = _block(rows, u, there, H, 0, 4)
        _write(saved, at, mask, r)
        _write(saved, at + H, mask, z)
        _write(saved, at + 2 * H, mask, n)
        _write(saved, at + 3 * H, mask, n_h)
        at, mask = _block(rows, u, there, H, 0, 1)
        _write(out, at, mask, h_now)
        h = tl.where(mask, h_now, h)
    _write(hn, start, inside, h)


@triton.jit(do_not_specialize=["N", "T", "B", "H"])
def gru_backward(
    saved, w, h0, out, d_out, d_hn, d_sums, d_h0, sizes, first, N, T, B, H,
    BB: tl.constexpr, BH: tl.constexpr, REVERSE: tl.constexpr, PACKED: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """d_sums (N, 4, H): by the sums of r and z, by n_x and by n_h; d_h0 (B, H)."""
    own_rows, own_state, own_units = _lane(N, H), _lane(B, H), _lane(1, H)
    saved, w, h0, out = saved + 4 * own_rows, w + 3 * H * own_units, h0 + own_state, out + own_rows
    d_out, d_hn, d_sums, d_h0 = d_out + own_rows, d_hn + own_state, d_sums + 4 * own_rows, d_h0 + own_state
    b, u = tl.program_id(0) * BB + tl.arange(0, BB), tl.arange(0, BH)
    start, inside = _block(b, u, b < B, H, 0, 1)
    dh, first_h = _read(d_hn, start, inside), _read(h0, start, inside)
    w_r, w_z, w_n = tl.trans(_weights(w, H, 0, BH)), tl.trans(_weights(w, H, 1, BH)), tl.trans(_weights(w, H, 2, BH))
    for back in range(T):
        s = T - 1 - back
        rows, there = _step(s, T, B, sizes, first, b, REVERSE, PACKED)
        at, mask = _block(rows, u, there, H, 0, 4)
        r, z, n, n_h = (
            _read(saved, at, mask),
            _read(saved, at + H, mask),
            _read(saved, at + 2 * H, mask),
            _read(saved, at + 3 * H, mask),
        )
        before, had = _step(tl.maximum(s - 1, 0), T, B, sizes, first, b, REVERSE, PACKED)
        had = had & there & (s > 0)
        at, held = _block(before, u, had, H, 0, 1)
        h_prev = tl.where(held, _read(out, at, held), first_h)
        at, mask = _block(rows, u, there, H, 0, 1)
        dr, dz, dn, dn_h, past = gru_back(r, z, n, n_h, h_prev, dh + _read(d_out, at, mask))
        at, mask = _block(rows, u, there, H, 0, 4)
        _write(d_sums, at, mask, dr)
        _write(d_sums, at + H, mask, dz)
        _write(d_sums, at + 2 * H, mask, dn)
        _write(d_sums, at + 3 * H, mask, dn_h)
        short = w.dtype.element_ty
        dh_prev = past + tl.dot(dr.to(short), w_r, input_precision=PRECISION)
        dh_prev += tl.dot(dz.to(short), w_z, input_precision=PRECISION) + tl.dot(
            dn_h.to(short), w_n, input_precision=PRECISION
        )
        dh = tl.where(mask, dh_prev, dh)
    _write(d_h0, start, inside, dh)
