from dataclasses import dataclass

import torch
import torch.nn.functional as F

import rnnbench


@dataclass(frozen=True)
class Leaky(rnnbench.Cell):
    """h_t = (1 − a) h_{t−1} + a tanh(W x_t + b + U h_{t−1} + b')"""

    a: float = 0.5  # becomes the key cell.a

    gates = ("h",)  # names of the row blocks in the weights

    def step(self, gates_x, state, p):  # gates_x: W x_t + b, (B, H); state: ((B, H),)
        (h,) = state
        candidate = torch.tanh(gates_x + F.linear(h, p["weight_hh"], p.get("bias_hh")))
        return ((1 - self.a) * h + self.a * candidate,)
