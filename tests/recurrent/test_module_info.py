"""PyTorch's own samples for nn.RNN, nn.GRU and nn.LSTM, over ours beside torch.nn's.

The samples are its ModuleInfo's; the checks those of its test_modules.py, which no wheel has: ours pass what its pass.
"""

from __future__ import annotations

import contextlib
import copy
import io
import pickle
import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves, tree_map_only

from rnnbench.recurrent.layers import GRU, LSTM, RNN

pytest.importorskip("expecttest", reason="torch.testing._internal.common_modules needs expecttest")
from torch.testing._internal.common_modules import ModuleErrorEnum, module_db

torch.backends.__allow_nonbracketed_mutation_flag = True  # before 2.9 that import forbids to set a switch
CLASSES = {"RNN": (RNN, nn.RNN), "GRU": (GRU, nn.GRU), "LSTM": (LSTM, nn.LSTM)}
INFOS = {info.module_cls.__name__: info for info in module_db if info.module_cls in (nn.RNN, nn.GRU, nn.LSTM)}
SAMPLES = {"RNN": 32, "GRU": 16, "LSTM": 32}
"""All options times without and with an initial state; the packed ones of RNN and GRU come on top."""

same = partial(torch.testing.assert_close, rtol=1e-4, atol=1e-5)


class Sample:
    """One of PyTorch's samples, the module made anew for each check with the same weights."""

    def __init__(self, constructor: Any, sample: Any, dtype: torch.dtype, training: bool):
        self.constructor, self.sample, self.dtype, self.training = constructor, sample, dtype, training
        self.options = dict(sample.constructor_input.kwargs)
        self.args, self.kwargs = sample.forward_input.args, sample.forward_input.kwargs

    @property
    def packed(self) -> bool:
        return not isinstance(self.args[0], Tensor)

    def module(self, **options: Any) -> nn.Module:
        torch.manual_seed(0)
        options = {**self.options, "dtype": self.dtype, **options}
        return self.constructor(*self.sample.constructor_input.args, **options).train(self.training)

    def called(self, module: nn.Module, args: Any = None) -> list[Tensor]:
        given = self.args if args is None else args
        return [t for t in tree_leaves(module(*given, **self.kwargs)) if isinstance(t, Tensor)]


def forward(s: Sample) -> None:
    m = s.module()
    found = m(*s.args, **s.kwargs)
    if not s.packed and s.sample.reference_fn is not None:
        same(found, s.sample.reference_fn(m, *s.args))
    assert all(t.dtype == s.dtype for t in s.called(m) if t.is_floating_point())


def factory_kwargs(s: Sample) -> None:
    for p in s.module(device="cpu").parameters():
        assert p.dtype == s.dtype and p.device == torch.device("cpu")
    for p in s.module(device="meta").parameters():
        assert p.device.type == "meta"
    with torch.device("meta"):
        assert all(p.is_meta for p in s.module().parameters())


def representation(s: Sample) -> None:
    m = s.module()
    assert str(m) == repr(m) and type(m).__name__ in repr(m)
    assert m.extra_repr() in repr(m)


def pickled(s: Sample) -> None:
    m = s.module()
    with torch.no_grad():
        expected = s.called(m)
        same(s.called(pickle.loads(pickle.dumps(m))), expected)
        file = io.BytesIO()
        torch.save(m, file)
        file.seek(0)
        same(s.called(torch.load(file, weights_only=False)), expected)
        same(s.called(copy.deepcopy(m)), expected)


@torch.no_grad()
def converted(s: Sample) -> None:
    m = s.module()
    for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float64):
        m.to(dtype)
        found = s.called(m, tree_map_only(Tensor, lambda t: t.to(dtype) if t.is_floating_point() else t, s.args))  # noqa: B023
        assert all(t.dtype == dtype for t in (*m.parameters(), *found) if t.is_floating_point())
    m.to("meta")
    assert all(p.is_meta for p in m.parameters())
    m.to_empty(device="cpu")
    m.load_state_dict(s.module().state_dict())
    same(s.called(m.to(s.dtype)), s.called(s.module()))


@torch.no_grad()
def converted_by_swapping(s: Sample) -> None:
    """The other way in which torch may convert a module; no state_dict loads so into what has weak references."""
    torch.__future__.set_swap_module_params_on_conversion(True)
    try:
        m = s.module()
        for dtype in (torch.float64, torch.float32, s.dtype):
            m.to(dtype)
            assert all(p.dtype == dtype for p in m.parameters())
        same(s.called(m), s.called(s.module()))
    finally:
        torch.__future__.set_swap_module_params_on_conversion(False)


def state_dict(s: Sample) -> None:
    m, other = s.module(), s.module()
    with torch.no_grad():
        for p in other.parameters():
            p.fill_(0.5)
    other.load_state_dict(m.state_dict())
    same(s.called(other), s.called(m))
    file = io.BytesIO()
    torch.save(m.state_dict(), file)
    file.seek(0)
    loaded = torch.load(file, weights_only=True)
    assert list(loaded) == list(m.state_dict())
    same(loaded, m.state_dict())


def training_and_evaluation(s: Sample) -> None:
    m = s.module()
    assert not m.eval().training
    evaluated = s.called(m)
    assert m.train().training
    same(s.called(m), evaluated)


def _strided(t: Tensor) -> Tensor:
    """The same numbers with gaps between them."""
    if t.dim() == 0 or t.numel() < 2 or not t.is_floating_point():
        return t
    wide = t.detach().repeat_interleave(2, -1)
    wide[..., 1::2] = float("nan")
    return wide[..., ::2].requires_grad_(t.requires_grad)


def _gradients(s: Sample, m: nn.Module, args: Any) -> list[Tensor]:
    leaves = [t for t in tree_leaves(args) if isinstance(t, Tensor) and t.requires_grad and t.is_leaf]
    for t in (*leaves, *m.parameters()):
        t.grad = None
    sum(t.sin().sum() for t in s.called(m, args) if t.is_floating_point()).backward()
    return [t.grad.clone() for t in (*leaves, *m.parameters())]


def non_contiguous(s: Sample) -> None:
    m = s.module()
    args = tree_map_only(Tensor, lambda t: t.detach().clone().requires_grad_(t.requires_grad), s.args)
    expected, found = s.called(m, args), _gradients(s, m, args)
    if s.packed:
        return
    apart = tree_map_only(Tensor, _strided, args)
    same(s.called(m, apart), expected)
    same(_gradients(s, m, apart), found)
    for name, p in list(m.named_parameters()):
        setattr(m, name, nn.Parameter(_strided(p)))
    same(s.called(m, apart), expected)
    same(_gradients(s, m, apart), found)


def gradients_beside_torch(s: Sample) -> None:
    """Of every input and parameter, by autograd through torch.nn's module of the same weights."""
    m = s.module()
    torchs = next(theirs for ours, theirs in CLASSES.values() if issubclass(type(m), theirs))
    reference = Sample(torchs, s.sample, s.dtype, s.training)
    r = reference.module()
    r.load_state_dict(m.state_dict())
    same(s.called(m), reference.called(r))
    same(_gradients(s, m, s.args), _gradients(reference, r, s.args))


def _as_function(s: Sample) -> tuple[Callable[..., Any], tuple[Tensor, ...]]:
    m = s.module()
    leaves = [
        t.detach().clone().requires_grad_()
        for t in tree_leaves(s.args)
        if isinstance(t, Tensor) and t.is_floating_point()
    ]
    names = [n for n, _ in m.named_parameters()]

    def run(*given: Tensor) -> tuple[Tensor, ...]:
        inputs, weights = iter(given[: len(leaves)]), dict(zip(names, given[len(leaves) :], strict=True))
        args = tree_map_only(Tensor, lambda t: next(inputs) if t.is_floating_point() else t, s.args)
        found = tree_leaves(torch.func.functional_call(m, weights, args))
        return tuple(t for t in found if isinstance(t, Tensor) and t.is_floating_point())

    return run, (*leaves, *m.parameters())


def gradcheck(s: Sample) -> None:
    run, inputs = _as_function(s)
    assert torch.autograd.gradcheck(run, inputs, check_batched_grad=False, fast_mode=True)


def gradgradcheck(s: Sample) -> None:
    run, inputs = _as_function(s)
    assert torch.autograd.gradgradcheck(run, inputs, check_batched_grad=False, fast_mode=True)


def same_numbers_twice(s: Sample) -> None:
    m = s.module()
    for a, b in zip(s.called(m), s.called(m), strict=True):
        assert torch.equal(a, b)


def shared_between_processes(s: Sample) -> None:
    assert all(p.is_shared() for p in s.module().share_memory().parameters())


CHECKS = (
    forward, factory_kwargs, representation, pickled, converted, converted_by_swapping, state_dict,
    training_and_evaluation, non_contiguous, gradients_beside_torch, same_numbers_twice, shared_between_processes,
)  # fmt: skip
SLOW = (gradcheck, gradgradcheck)
"""In float64 alone: difference quotients."""


@cache
def samples_of(name: str, dtype: torch.dtype, training: bool) -> list[Any]:
    info = INFOS[name]
    torch.manual_seed(1)
    packed = {} if name == "LSTM" else {"with_packed_sequence": True}
    return info.module_inputs_func(info, device="cpu", dtype=dtype, requires_grad=True, training=training, **packed)


def failures(name: str, which: int, checks: Any, dtype: torch.dtype, training: bool, every: int = 1) -> Iterator[str]:
    """One line for each check of each sample, or of one in so many, that ours (0) or torch.nn's (1) does not pass."""
    for number, sample in list(enumerate(samples_of(name, dtype, training)))[::every]:
        for check in checks:
            try:
                check(Sample(CLASSES[name][which], sample, dtype, training))
            except Exception as error:
                yield f"{check.__name__} of sample {number}, {sample.constructor_input.kwargs}: {error!r:.300}"


def assert_passes_what_torch_passes(name: str, checks: Any, dtype: torch.dtype, training: bool, every: int = 1) -> None:
    found = list(failures(name, 1, checks, dtype, training, every))
    assert not found or torch.__version__ < "2.13", "torch.nn's own: the check is wrong"
    assert found or not list(failures(name, 0, checks, dtype, training, every))


@pytest.mark.parametrize("name", CLASSES)
def test_there_are_samples(name: str) -> None:
    given = [sample.forward_input.args[0] for sample in samples_of(name, torch.float32, True)]
    assert sum(isinstance(x, Tensor) for x in given) == SAMPLES[name]


@pytest.mark.few(1)
@pytest.mark.parametrize("name", CLASSES)
def test_torchs_checks_of_some(name: str) -> None:
    """One in five: samples are all combinations of two values of each option, so that both are among these."""
    some = [sample.constructor_input.kwargs for sample in samples_of(name, torch.float32, True)[::5]]
    assert all(len({options[name] for options in some}) == 2 for name in ("bias", "batch_first", "bidirectional"))
    assert_passes_what_torch_passes(name, CHECKS, torch.float32, True, every=5)


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "training"), [(torch.float32, True), (torch.float64, False)])
@pytest.mark.parametrize("name", CLASSES)
def test_torchs_checks(name: str, dtype: torch.dtype, training: bool) -> None:
    assert_passes_what_torch_passes(name, CHECKS, dtype, training)


@pytest.mark.slow
@pytest.mark.parametrize("check", SLOW)
@pytest.mark.parametrize("name", CLASSES)
def test_torchs_checks_of_derivatives(name: str, check: Any) -> None:
    assert_passes_what_torch_passes(name, (check,), torch.float64, True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", CLASSES)
def test_torchs_errors(name: str, dtype: torch.dtype) -> None:
    asked = {"device": "cpu", "dtype": dtype, "requires_grad": False, "training": True}
    for error in INFOS[name].module_error_inputs_func(INFOS[name], **asked):
        sample = error.module_error_input
        made, call = sample.constructor_input, sample.forward_input
        for constructor in CLASSES[name]:
            at_construction = error.error_on == ModuleErrorEnum.CONSTRUCTION_ERROR
            with pytest.raises(error.error_type) if at_construction else contextlib.nullcontext() as caught:
                module = constructor(*made.args, **made.kwargs)
            if not at_construction:
                with pytest.raises(error.error_type) as caught:
                    module(*call.args, **call.kwargs)
            assert re.search(error.error_regex, str(caught.value))
