"""A layer in one direction as one node of autograd: the products over all steps by torch, the loop by Triton.

    sums = W_ih x + b      (N, G·H), one product before the loop; b is b_ih + b_hh, of a GRU's n the first alone
    loop                   forwards `out` and what the backward pass needs, backwards the derivatives by the sums
    dW_hh = Σ d_sums' h₋₁  one product after it

Rows N = T·B, or those of packed sequences. State and accumulation are float32 whatever the weights are; products are
IEEE or TF32 as torch's own are (machine/precision.py). The rule of both passes is written by hand; where the
backward pass is to be differentiated, the layer is computed again by the cell's equations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from rnnbench.cells.base import Cell, Parameters, State
from rnnbench.cells.gru import GRUCell
from rnnbench.cells.lstm import LSTMCell
from rnnbench.machine.precision import float32_facts
from rnnbench.recurrent import equations
from rnnbench.recurrent.gpu import loop, steps
from rnnbench.recurrent.gpu.replay import by_graph
from rnnbench.recurrent.packing import Packing

SHARED = {(torch.float32, 64): 115_000, (torch.bfloat16, 64): 68_000, (torch.bfloat16, 128): 201_000}
"""Bytes of shared memory that the loop in one launch takes at its widest, by dtype and the width it is compiled for."""

ROWS = 16
"""Sequences of a program: the least that a product of blocks takes."""


def run_layer(
    cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool = False, packing: Packing | None = None
) -> tuple[Tensor, State]:
    """As backends.base.RunLayer, of an LSTM or GRU."""
    b, b_n = _biases(p, len(state) == 2)
    sums = F.linear(x, p["weight_ih"], b).reshape(1, -1, p["weight_ih"].shape[0])
    given = [None if t is None else t[None] for t in (state[0], *(state[1:] or (None,)), p["weight_hh"], b_n)]
    shape = x.shape[:2] if packing is None else packing.shape
    out, *last = _Loop.apply(shape, reverse, packing, sums, *given)
    return out.view(*x.shape[:-1], -1), tuple(s for s in last if s is not None)


def run_lanes(cell: Cell, x: Tensor, state: State, p: Parameters, reverse: bool = False) -> tuple[Tensor, State]:
    """`run_layer` of R networks at once: x (R, T, B, I), states (R, B, H), parameters as from `stacked` → (R, T, B, H),
    last state (R, B, H) each. Where one launch does the loop it does it for all of them."""
    R, T, B, I = x.shape
    x, w_ih = x.reshape(R, T * B, I), p["weight_ih"].mT
    sums = torch.baddbmm(p["bias"][:, None], x, w_ih) if "bias" in p else torch.bmm(x, w_ih)
    c0 = state[1] if len(state) == 2 else None
    out, *last = _Loop.apply((T, B), reverse, None, sums, state[0], c0, p["weight_hh"], p.get("bias_n"))
    return out.view(R, T, B, -1), tuple(s for s in last if s is not None)


def stacked(networks: Sequence[Parameters], lstm: bool) -> Parameters:
    """Each network's parameters with the networks in front; of the biases their sum, and a GRU's of n_h.

    Summed within each network first: both get the same gradient, and parts of one stack would be one memory to both,
    which clipping in place would scale twice.
    """
    found = [{"weight_ih": p["weight_ih"], "weight_hh": p["weight_hh"]} for p in networks]
    for own, p in zip(found, networks, strict=True):
        b, b_n = _biases(p, lstm)
        own |= ({} if b is None else {"bias": b}) | ({} if b_n is None else {"bias_n": b_n})
    return {role: torch.stack([own[role] for own in found]) for role in found[0]}


def _biases(p: Parameters, lstm: bool) -> tuple[Tensor | None, Tensor | None]:
    """That of the sums before the loop, and a GRU's of n_h, which is in it."""
    b_ih, b_hh = p.get("bias_ih"), p.get("bias_hh")
    if b_ih is None or b_hh is None:
        return b_ih, None
    if lstm:
        return b_ih + b_hh, None
    r_z, n = b_hh.split((2 * b_hh.shape[-1] // 3, b_hh.shape[-1] // 3), dim=-1)
    return b_ih + torch.cat((r_z, torch.zeros_like(n)), dim=-1), n


class _Loop(torch.autograd.Function):
    """All tensors with the lanes in front: sums (R, N, G·H), states (R, B, H), weight (R, G·H, H), bias (R, H)."""

    @staticmethod
    def forward(ctx: Any, shape: tuple[int, int], reverse: bool, packing: Packing | None, *tensors: Any) -> Any:
        dense: list[Any] = [None if t is None else t.contiguous() for t in tensors]
        sums, h0, c0, w, b_n = dense
        (R, N), H, lstm = sums.shape[:2], w.shape[-1], c0 is not None
        out = sums.new_empty(R, N, H)
        saved = sums.new_empty(R, N, 5 if lstm else 4, H, dtype=torch.float32)
        hn = torch.empty_like(h0)
        cn = torch.empty_like(c0) if lstm else None
        b_n = w.new_zeros(R, H) if b_n is None else b_n
        plan = Plan(shape, reverse, packing, w.device)
        if in_one_launch(w):
            given = (sums, w, h0, c0, out, saved, hn, cn) if lstm else (sums, w, b_n, h0, out, saved, hn)
            plan.launch(loop.lstm_forward if lstm else loop.gru_forward, given, (R, N, H))
        else:
            _by_steps(_forward_by_steps, plan, (sums, w, h0, c0, b_n), (out, saved, hn, cn))
        ctx.save_for_backward(*tensors, out, saved)
        ctx.plan = plan
        ctx.set_materialize_grads(False)
        return out, hn, cn

    @staticmethod
    def backward(ctx: Any, *arriving: Tensor | None) -> Any:
        *tensors, out, saved = ctx.saved_tensors
        sums, h0, c0, w, b_n = tensors
        wanted = ctx.needs_input_grad[3:]
        if torch.is_grad_enabled():
            return (None,) * 3 + _by_equations(ctx.plan, tensors, arriving, wanted)
        plan, (R, N, H), lstm = ctx.plan, out.shape, c0 is not None
        w_dense, start = w.contiguous(), h0.contiguous()
        d_out = out.new_zeros(out.shape) if arriving[0] is None else arriving[0].contiguous()
        d_hn, d_cn = (None if t is None else t.contiguous() for t in arriving[1:])
        d_hn = torch.zeros_like(start) if d_hn is None else d_hn
        d_sums = sums.new_empty(R, N, 4, H)
        d_h0 = torch.empty_like(start)
        d_c0 = None
        if lstm:
            d_cn = torch.zeros_like(start) if d_cn is None else d_cn
            d_c0 = torch.empty_like(start)
        if in_one_launch(w):
            given = ((saved, w_dense, c0.contiguous(), d_out, d_hn, d_cn, d_sums, d_h0, d_c0) if lstm
                     else (saved, w_dense, start, out, d_out, d_hn, d_sums, d_h0))  # fmt: skip
            plan.launch(loop.lstm_backward if lstm else loop.gru_backward, given, (R, N, H))
        else:
            read, written = (w_dense, start, c0, out, saved, d_out, d_hn, d_cn), (d_sums, d_h0, d_c0)
            _by_steps(_backward_by_steps, plan, read, written)
        hidden = d_sums if lstm else d_sums[:, :, [0, 1, 3]]  # by the sums that W_hh h₋₁ is a part of
        d_w = hidden.reshape(R, N, -1).mT @ plan.states_before(out, start) if wanted[3] else None
        d_b = d_sums[:, :, 3].sum(1) if not lstm and b_n is not None and wanted[4] else None
        d_x = (d_sums if lstm else d_sums[:, :, :3]).reshape(sums.shape) if wanted[0] else None
        return (None,) * 3 + (d_x, d_h0, d_c0, d_w, d_b)


def _each_lane(*tensors: Tensor | None) -> Iterator[tuple[Tensor | None, ...]]:
    for lane in range(next(len(t) for t in tensors if t is not None)):
        yield tuple(None if t is None else t[lane] for t in tensors)


class Plan:
    """Which rows are done in which order."""

    def __init__(self, shape: tuple[int, int], reverse: bool, packing: Packing | None, device: torch.device):
        self.shape, self.reverse, self.packing, self.device = shape, reverse, packing, device

    def launch(self, kernel: Any, tensors: tuple[Tensor | None, ...], size: tuple[int, int, int]) -> None:
        """The whole loop at once. size: lanes, rows of each, units."""
        (R, N, H), (T, B), packed = size, self.shape, self.packing is not None
        nothing = torch.zeros(1, dtype=torch.int64, device=self.device)
        sizes = self.packing.batch_sizes.to(self.device) if self.packing is not None else nothing
        first = self.packing.first.to(self.device) if self.packing is not None else nothing
        kernel[(-(-B // ROWS), R)](
            *tensors, sizes, first, N, T, B, H, BB=ROWS, BH=width(H), REVERSE=self.reverse, PACKED=packed,
            PRECISION=precision(), num_warps=8 if H > 32 else 4,
        )  # fmt: skip

    def steps(self) -> Iterator[tuple[int, int, int, int]]:
        """(first row, sequences) of each step in the order in which they are done, and of the one done before it."""
        T, B = self.shape
        sizes = [B] * T if self.packing is None else self.packing.batch_sizes.tolist()
        first = range(0, T * B, B) if self.packing is None else self.packing.first.tolist()
        places = list(zip(first, sizes, strict=True))
        places = places[::-1] if self.reverse else places
        yield from ((*now, *before) for now, before in zip(places, [(0, 0), *places[:-1]], strict=True))

    def states_before(self, out: Tensor, h0: Tensor) -> Tensor:
        """h₋₁ of each row, (R, N, H)."""
        found = torch.empty_like(out)
        for row, n, before, n_before in self.steps() if self.packing is not None else ():
            held = min(n, n_before)
            found[:, row : row + held] = out[:, before : before + held]
            found[:, row + held : row + n] = h0[:, held:n]
        if self.packing is None:
            B = self.shape[1]
            found[:, B:] = out[:, :-B]
            found[:, :B] = h0
            if self.reverse:
                found[:, :-B], found[:, -B:] = out[:, B:], h0
        return found


def width(H: int) -> int:
    """The power of two that a block of H units is padded to."""
    return max(ROWS, 1 << (H - 1).bit_length())


def in_one_launch(w: Tensor) -> bool:
    """Whether one program of this device holds W_hh: H ≤ 64 in float32, ≤ 128 in bfloat16, where memory is shared by a
    block of 201 kB (H100, H200) and less where it is not."""
    needed = SHARED.get((w.dtype, max(64, width(w.shape[-1]))))
    if needed is None or w.device.type != "cuda":
        return needed is not None
    properties: Any = torch.cuda.get_device_properties(w.device)
    return bool(needed <= properties.shared_memory_per_block_optin)


def precision() -> str:
    """Of products of float32: as torch's own."""
    return "tf32" if float32_facts()["float32_matmul"] == "tf32" else "ieee"


def _grid(n: int, H: int) -> tuple[tuple[int, int], dict[str, int]]:
    BB, BU = 8, 64
    return (-(-n // BB), -(-H // BU)), {"BB": BB, "BU": BU}


def _by_steps(loop: Callable[..., None], plan: Plan, read: Sequence[Any], written: Sequence[Any]) -> None:
    """Each lane by itself; its launches as one graph where the next call has the same ones."""
    for lane in _each_lane(*read, *written):
        if plan.packing is not None:
            loop(plan, *lane)
        else:
            what = (loop.__name__, plan.shape, plan.reverse, precision())
            by_graph(partial(loop, plan), what, lane[: len(read)], lane[len(read) :])


def _forward_by_steps(
    plan: Plan, sums: Any, w: Any, h0: Any, c0: Any, b_n: Any, out: Any, saved: Any, hn: Any, cn: Any
) -> None:
    H, lstm = w.shape[1], c0 is not None
    h = h0.float()
    h = h.clone() if h is h0 else h
    c = c0.float().clone() if lstm else None
    bias = torch.cat((b_n.new_zeros(2 * H), b_n))
    for row, n, _, _ in plan.steps():
        short = h[:n].to(w.dtype)
        grid, blocks = _grid(n, H)
        if lstm:
            step_sums = torch.addmm(sums[row : row + n], short, w.T)
            steps.lstm_forward[grid](step_sums, h, c, out, saved, row, n, H, **blocks)
        else:
            hidden = torch.addmm(bias, short, w.T)
            steps.gru_forward[grid](sums, hidden, h, out, saved, row, n, H, **blocks)
    hn.copy_(h)
    if lstm:
        cn.copy_(c)


def _backward_by_steps(
    plan: Plan, w: Any, h0: Any, c0: Any, out: Any, saved: Any, d_out: Any, d_hn: Any, d_cn: Any, d_sums: Any,
    d_h0: Any, d_c0: Any,
) -> None:  # fmt: skip
    H, lstm = w.shape[1], c0 is not None
    dh = d_hn.float().clone()
    dc = d_cn.float().clone() if lstm else None
    start = c0.contiguous() if lstm else h0
    d_hidden = None if lstm else d_sums.new_empty(plan.shape[1], 3, H)
    for row, n, before, n_before in reversed(list(plan.steps())):
        grid, blocks = _grid(n, H)
        if lstm:
            steps.lstm_backward[grid](saved, start, d_out, d_sums, dh, dc, row, before, n, n_before, H, **blocks)
            dh[:n] = d_sums[row : row + n].view(n, 4 * H) @ w
        else:
            assert d_hidden is not None
            steps.gru_backward[grid](
                saved, start, out, d_out, d_sums, d_hidden, dh, row, before, n, n_before, H, **blocks
            )
            dh[:n] += d_hidden[:n].view(n, 3 * H) @ w
    d_h0.copy_(dh)
    if lstm:
        d_c0.copy_(dc)


def _by_equations(plan: Plan, tensors: Any, arriving: Any, wanted: Any) -> tuple[Tensor | None, ...]:
    """The gradients of the loop computed anew, with a graph of their own."""
    with torch.enable_grad():
        # views: a state that itself comes from the input must not be followed back to it
        views: list[Any] = [None if t is None else t.view_as(t) for t in tensors]
        lanes = [_by_cell(plan, *lane) for lane in _each_lane(*views)]
        out, *last = (torch.stack(each) for each in zip(*lanes, strict=True))
        ends = [(end, d) for end, d in zip((out, *last), arriving, strict=False) if d is not None]
        starts = [t for t, is_wanted in zip(views, wanted, strict=True) if is_wanted and t is not None]
        found = iter(
            torch.autograd.grad([end for end, _ in ends], starts, [d.view_as(end) for end, d in ends],
                                create_graph=True, allow_unused=True)
        )  # fmt: skip
    return tuple(next(found) if is_wanted else None for is_wanted in wanted)


def _by_cell(plan: Plan, sums: Any, h0: Any, c0: Any, w: Any, b_n: Any) -> list[Tensor]:
    """One lane's `out` (N, H) and last states (B, H) by the cell's equations."""
    p = {"weight_hh": w}
    if b_n is not None:
        p["bias_hh"] = torch.cat((b_n.new_zeros(2 * len(b_n)), b_n))
    cell, state = (GRUCell(), (h0,)) if c0 is None else (LSTMCell(), (h0, c0))
    gates = sums.view(*plan.shape, -1) if plan.packing is None else sums
    out, last = equations.run_loop(cell, gates, state, p, plan.reverse, plan.packing)
    return [out.reshape(len(sums), -1), *(s[0] for s in last)]
