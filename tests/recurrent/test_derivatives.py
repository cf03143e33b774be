"""Derivatives of every kind, by torch.func and autograd: torch.nn's numbers in float64, never silent zeros."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from two_layers import PAIRS, B, H, I, T, drawn, of_x, same, two_layers

from rnnbench.recurrent import kernel
from rnnbench.recurrent.layers import Recurrent

pytestmark = pytest.mark.skipif(kernel.library() is None, reason="the kernel was not compiled")


@pytest.fixture(params=PAIRS)
def pair(request: pytest.FixtureRequest) -> tuple[nn.Module, nn.Module]:
    return two_layers(request.param)


@pytest.mark.few(1)
def test_transforms_of_functions(pair: tuple) -> None:
    """What torch.func gives of ours is what plain autograd gives of torch.nn, one at a time."""
    ours, theirs = of_x(pair[0]), of_x(pair[1])
    x, v = drawn(T, B, I), drawn(T, B, I, seed=2)

    def loss(f: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        return lambda x: f(x)[-1].square().sum()

    def last(f: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        return lambda x: f(x)[-1, 0]

    def gradient(x: Tensor) -> Tensor:
        x = x.clone().requires_grad_()
        return torch.autograd.grad(loss(theirs)(x), x)[0]

    both = torch.stack((x, v))
    same(torch.func.vmap(ours)(both), torch.stack([theirs(x), theirs(v)]))
    same(torch.func.grad(loss(ours))(x), gradient(x))
    same(torch.func.vmap(torch.func.grad(loss(ours)))(both), torch.stack([gradient(x), gradient(v)]))
    same(torch.func.jvp(ours, (x,), (v,)), torch.autograd.functional.jvp(theirs, x, v))
    jacobian = torch.autograd.functional.jacobian(last(theirs), x)
    same(torch.func.jacrev(last(ours))(x), jacobian)
    same(torch.func.jacfwd(last(ours))(x), jacobian)
    same(torch.autograd.functional.jacobian(last(ours), x, vectorize=True), jacobian)
    same(torch.autograd.functional.jacobian(last(ours), x), jacobian)
    hessian = torch.autograd.functional.hessian(loss(theirs), x)
    same(torch.func.hessian(loss(ours))(x), hessian)
    same(torch.autograd.functional.hessian(loss(ours), x), hessian)
    same(torch.autograd.functional.hessian(loss(ours), x, vectorize=True), hessian)


def test_functions_of_the_parameters(pair: tuple) -> None:
    model, reference = pair
    x = drawn(T, B, I)

    def called(module: nn.Module, p: dict[str, Tensor]) -> Tensor:
        return torch.func.functional_call(module, p, (x,))[0]

    once = {n: p.detach() for n, p in model.named_parameters()}
    twice = {n: 2 * p for n, p in once.items()}
    same(called(model, twice), called(reference, twice))
    found = torch.func.grad(lambda p: called(model, p).square().sum())(once)
    reference(x)[0].square().sum().backward()
    same(found, {n: p.grad for n, p in reference.named_parameters()})
    stacked = {n: torch.stack([once[n], twice[n]]) for n in once}
    expected = torch.stack([called(reference, once), called(reference, twice)]).detach()
    same(torch.func.vmap(lambda p: called(model, p))(stacked), expected)
    ensemble, buffers = torch.func.stack_module_state([model, model])
    run = torch.func.vmap(lambda p, b: torch.func.functional_call(model, (p, b), (x,))[0])
    same(run(ensemble, buffers).detach(), expected[[0, 0]])


@pytest.mark.parametrize("frozen", [False, True])
def test_tangents_are_not_lost(pair: tuple, frozen: bool) -> None:
    """A zero where the derivative is none would be silent: each tangent is held against a difference quotient."""
    model, _ = pair
    model.requires_grad_(not frozen)
    x, v, step = drawn(T, B, I), drawn(T, B, I, seed=2), 1e-6
    with torch.no_grad():
        slope = (model(x + step * v)[0] - model(x - step * v)[0]) / (2 * step)
    for subject in (model, Recurrent(model.cell, I, H, 2, bidirectional=True, dtype=torch.float64, backend="fused")):
        subject.load_state_dict(model.state_dict())
        with forward_ad.dual_level():
            tangent = forward_ad.unpack_dual(subject(forward_ad.make_dual(x, v))[0]).tangent
            assert forward_ad.unpack_dual(subject(x)[0]).tangent is None
        torch.testing.assert_close(tangent, slope, rtol=1e-6, atol=1e-8)


@pytest.mark.few(2)
@pytest.mark.parametrize("check", [torch.autograd.gradcheck, torch.autograd.gradgradcheck])
def test_derivatives_forward_backward_batched_and_twice(pair: tuple, check: Any) -> None:
    model, _ = pair
    names = [name for name, _ in model.named_parameters()]

    def run(x: Tensor, *weights: Tensor) -> Tensor:
        return torch.func.functional_call(model, dict(zip(names, weights, strict=True)), (x,))[0]

    inputs = (drawn(3, 1, I).requires_grad_(), *(p.detach().clone().requires_grad_() for p in model.parameters()))
    modes = {"check_forward_ad": True, "check_batched_grad": True} if check is torch.autograd.gradcheck else {}
    assert check(run, inputs, fast_mode=True, **modes)


def test_a_gradient_penalty_trains_as_with_torch(pair: tuple) -> None:
    results = []
    for module in pair:
        x = drawn(T, B, I).requires_grad_()
        output = module(x)[0]
        (d_x,) = torch.autograd.grad(output.square().sum(), x, create_graph=True)
        (output.sum() + d_x.square().sum()).backward()
        results.append([x.grad, *(p.grad for p in module.parameters())])
    same(*results)
