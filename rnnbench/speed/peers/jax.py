"""JAX on CPU: the equations under jit, carried by lax.scan; gradients by value_and_grad.

Its threads are those of its client, which reads their number when it is made: one client at a time, made anew for
another number. XLA flushes denormals by itself. Forward and backward are one compiled call and have one time; a whole
step, with clipping and Adam, is another.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

from rnnbench.speed.candidates import Candidate, Problem, Results
from rnnbench.speed.peers.base import Peer

Array = Any
"""jax.Array: the library is imported by those who ask for it."""
Step = Callable[[Array, tuple[Array, ...], dict[str, Array]], tuple[Array, ...]]
"""W_ih x + b_ih (B, G·H), state (B, H) each, weights → the state after it."""

THREADS = ("PJRT_NPROC", "NPROC")
"""How many threads a client makes: the names of the variable, in newer and in older releases."""


class Jax(Peer):
    def missing(self) -> str | None:
        return None if find_spec("jax") and find_spec("jaxlib") else "is not installed here: pip install jax"

    def candidate(self, problem: Problem) -> Candidate:
        _make_client(problem.setting.threads)
        return Scan(problem)


class Scan(Candidate):
    pool = "jax"

    def __init__(self, problem: Problem):
        import jax

        setting = problem.setting
        super().__init__(problem, "jax", setting.threads, library=f"jax {version('jax')}")
        self.wait = jax.block_until_ready
        self.weights = {name: jax.numpy.asarray(weight.numpy()) for name, weight in problem.weights.items()}
        self.inputs = [jax.numpy.asarray(x.numpy()) for x in problem.x.chunk(setting.calls)]
        self.zeros = tuple(jax.numpy.asarray(s.numpy()) for s in problem.state())
        u, step = jax.numpy.asarray(problem.u.numpy()), _STEPS[str(problem.cell.torch_mode)]

        def carried(weights: dict[str, Array], x: Array, state: tuple[Array, ...]) -> tuple[Array, tuple[Array, ...]]:
            return _carried(step, weights, x, state, setting.layers)

        def loss(weights: dict[str, Array], x: Array) -> tuple[Array, Any]:
            output, state = carried(weights, x, self.zeros)
            return ((output if u.ndim == 3 else output[-1]) * u).sum(), (output, state)

        self.forward = jax.jit(carried)
        slopes = jax.value_and_grad(loss, (0, 1) if setting.input_grad else 0, has_aux=True)
        self.gradients = jax.jit(slopes)

        def trained(held: Any, x: Array) -> Any:
            found = slopes(held[0], x)[1]
            of_weights, others = found if setting.input_grad else (found, None)
            return _adam(held, of_weights), others

        self.train = jax.jit(trained, donate_argnums=0)
        self.held = self._begun()

    def step(self) -> dict[str, float]:
        if self.problem.setting.trains:
            return self._train()
        state, start = self.zeros, time.perf_counter()
        for x in self.inputs:
            output, state = self.forward(self.weights, x, state)
            self.wait(output)
        return {"forward": (time.perf_counter() - start) / len(self.inputs)}

    def _train(self) -> dict[str, float]:
        marks = [time.perf_counter()]
        self.wait(self.gradients(self.weights, self.inputs[0]))
        marks.append(time.perf_counter())
        self.held, others = self.train(self.held, self.inputs[0])
        self.wait((self.held, others))
        marks.append(time.perf_counter())
        return {"pass": marks[1] - marks[0], "step": marks[2] - marks[1]}

    def _begun(self) -> Any:
        """Weights of its own, both averages of Adam and the count of steps."""
        from jax import numpy as jnp

        weights = {name: jnp.array(weight, copy=True) for name, weight in self.weights.items()}
        first, second = ({name: jnp.zeros_like(weight) for name, weight in weights.items()} for _ in range(2))
        return weights, first, second, jnp.zeros((), "float32")

    def results(self) -> Results:
        gradients: dict[str, Array] = {}
        if self.problem.setting.trains:
            (_, (output, state)), slopes = self.gradients(self.weights, self.inputs[0])
            of_weights = slopes[0] if self.problem.setting.input_grad else slopes
            gradients = {**of_weights, **({"input": slopes[1]} if self.problem.setting.input_grad else {})}
        else:
            state, outputs = self.zeros, []
            for x in self.inputs:
                output, state = self.forward(self.weights, x, state)
                outputs.append(output)
            output = np.concatenate(outputs)
        found = {"output": output} | {f"last state {i}": s for i, s in enumerate(state)}
        found |= {f"gradient of {name}": slope for name, slope in gradients.items()}
        return {name: torch.from_numpy(np.array(value)) for name, value in found.items()}


@lru_cache(maxsize=1)
def _make_client(threads: int) -> None:
    """JAX's pool of so many threads, unless it has so many. What an earlier client made is void."""
    import jax
    from jax.extend.backend import clear_backends

    before = {name: os.environ.get(name) for name in THREADS}
    try:
        os.environ.update(dict.fromkeys(THREADS, str(threads)))
        jax.config.update("jax_platforms", "cpu")
        clear_backends()
        jax.devices()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _carried(
    step: Step, weights: dict[str, Array], x: Array, state: tuple[Array, ...], layers: int
) -> tuple[Array, tuple[Array, ...]]:
    """x (T, B, I), state (L, B, H) each → output (T, B, H), state."""
    import jax

    finals = []
    for number in range(layers):
        p = {role: weights[f"{role}_l{number}"] for role in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
        gates_x = x @ p["weight_ih"].T + p["bias_ih"]  # (T, B, G·H)

        def one(before: tuple[Array, ...], gates: Array, p: dict[str, Array] = p) -> tuple[tuple[Array, ...], Array]:
            after = step(gates, before, p)
            return after, after[0]

        final, x = jax.lax.scan(one, tuple(part[number] for part in state), gates_x)
        finals.append(final)
    return x, tuple(jax.numpy.stack(part) for part in zip(*finals, strict=True))


def _adam(held: Any, slopes: dict[str, Array], norm: float = 1.0, rate: float = 1e-3) -> Any:
    """A step of Adam as torch takes it, β 0.9 and 0.999, ε 1e-8, on gradients clipped to a norm."""
    from jax import numpy as jnp

    weights, first, second, count = held
    total = jnp.sqrt(sum((slope * slope).sum() for slope in slopes.values()))
    factor = jnp.minimum(norm / (total + 1e-6), 1.0)
    clipped, count = {name: slope * factor for name, slope in slopes.items()}, count + 1
    first = {name: 0.9 * first[name] + 0.1 * slope for name, slope in clipped.items()}
    second = {name: 0.999 * second[name] + 0.001 * slope * slope for name, slope in clipped.items()}
    weights = {
        name: weight - rate * (first[name] / (1 - 0.9**count)) / (jnp.sqrt(second[name] / (1 - 0.999**count)) + 1e-8)
        for name, weight in weights.items()
    }
    return weights, first, second, count


def _lstm(gates_x: Array, state: tuple[Array, ...], p: dict[str, Array]) -> tuple[Array, ...]:
    from jax import numpy as jnp
    from jax.nn import sigmoid

    h, c = state
    i, f, g, o = jnp.split(gates_x + h @ p["weight_hh"].T + p["bias_hh"], 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g)
    return sigmoid(o) * jnp.tanh(c), c


def _gru(gates_x: Array, state: tuple[Array, ...], p: dict[str, Array]) -> tuple[Array, ...]:
    from jax import numpy as jnp
    from jax.nn import sigmoid

    (h,) = state
    r_x, z_x, n_x = jnp.split(gates_x, 3, axis=-1)
    r_h, z_h, n_h = jnp.split(h @ p["weight_hh"].T + p["bias_hh"], 3, axis=-1)
    z = sigmoid(z_x + z_h)
    n = jnp.tanh(n_x + sigmoid(r_x + r_h) * n_h)
    return ((1 - z) * n + z * h,)


def _rnn(gates_x: Array, state: tuple[Array, ...], p: dict[str, Array]) -> tuple[Array, ...]:
    from jax import numpy as jnp

    return (jnp.tanh(gates_x + state[0] @ p["weight_hh"].T + p["bias_hh"]),)


def _rnn_relu(gates_x: Array, state: tuple[Array, ...], p: dict[str, Array]) -> tuple[Array, ...]:
    from jax import numpy as jnp

    return (jnp.maximum(gates_x + state[0] @ p["weight_hh"].T + p["bias_hh"], 0),)


_STEPS: dict[str, Step] = {"LSTM": _lstm, "GRU": _gru, "RNN_TANH": _rnn, "RNN_RELU": _rnn_relu}
