"""One layer in several threads and processes: numbers of torch.nn's, whoever calls and whoever made it."""

from __future__ import annotations

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
import torch.distributed as dist
from beside_torch import I, T
from same_use import IN_TURN, KINDS, Layers, assert_same_use, gradients, tensors
from torch import Tensor, nn
from torch.distributed.fsdp import fully_shard
from torch.multiprocessing import get_context, spawn
from torch.nn.parallel import DistributedDataParallel, parallel_apply
from torch.utils.data import DataLoader, Dataset

TWO = {"num_layers": 2, "bidirectional": True}


def use_threads_that_call_one_layer(layers: Layers) -> Any:
    layer = layers(I, 32, **TWO)
    with torch.no_grad(), ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda seed: layer(layers.x(50, 20, I, seed=seed))[0].detach(), range(24)))


def use_threads_that_train(layers: Layers) -> Any:
    """Each its own input: gradients of the input, which nobody shares."""
    layer = layers(I, 32, **TWO)

    def gradient(seed: int) -> Tensor:
        x = layers.x(50, 20, I, seed=seed).requires_grad_()
        return torch.autograd.grad(layer(x)[0].square().sum(), x)[0]

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(gradient, range(24)))


def use_forward_here_and_backward_there(layers: Layers) -> Any:
    layer, x = layers(), layers.x().requires_grad_()
    losses = [layer(x)[0].square().sum() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda loss: torch.autograd.grad(loss, [x, layer.weight_hh_l0]), losses))


def use_parallel_apply(layers: Layers) -> Any:
    replicas = [layers(), layers()]
    found = parallel_apply(replicas, [(layers.x(seed=s),) for s in (0, 1)], devices=[None, None])
    return [t.detach() for result in found for t in tensors(result)]


def _child(pipe: Any, layer: nn.Module, x: Tensor) -> None:
    output, _ = layer(x)
    output.square().sum().backward()
    pipe.send([g.numpy().copy() for g in gradients(layer)])


def _in_a_child(method: str, layer: nn.Module, x: Tensor) -> Any:
    context = get_context(method)
    mine, theirs = context.Pipe()
    child = context.Process(target=_child, args=(theirs, layer, x))
    child.start()
    try:
        assert mine.poll(100), f"the child of {method} said nothing"
        return [torch.from_numpy(g) for g in mine.recv()]
    finally:
        child.join(10)
        if child.is_alive():
            child.kill()


def use_fork(layers: Layers) -> Any:
    """Of a parent that has run the layer on one thread: threads do not survive a fork, torch's neither."""
    layer = layers(I, 32)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.no_grad():
            layer(layers.x(50, 20, I))
        return _in_a_child("fork", layer, layers.x(50, 20, I))
    finally:
        torch.set_num_threads(threads)


class _Outputs(Dataset):
    def __init__(self, layer: nn.Module, layers: Layers):
        self.layer, self.layers = layer.requires_grad_(False), layers

    def __len__(self) -> int:
        return 6

    def __getitem__(self, i: int) -> Tensor:
        return self.layer(self.layers.x(T, I, seed=i))[0]


def use_workers_of_a_loader(layers: Layers) -> Any:
    return list(DataLoader(_Outputs(layers(), layers), batch_size=2, num_workers=2))


USES = [v for n, v in list(globals().items()) if n.startswith("use_")]


@pytest.mark.few(12)
@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
@pytest.mark.parametrize("dtype", IN_TURN)
@pytest.mark.parametrize("kind", KINDS)
def test_used_as_torchs(use: Any, kind: str, dtype: str) -> None:
    assert_same_use(use, kind, dtype)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_spawned(kind: str) -> None:
    assert_same_use(lambda layers: _in_a_child("spawn", layers().share_memory(), layers.x()), kind, "float32")


def _rank(rank: int, port: int, path: str) -> None:
    """Three steps of SGD, each process on its half of the batch: DistributedDataParallel, and FSDP."""
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "GLOO_SOCKET_IFNAME": "lo"}
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=2)
    found: dict[str, Any] = {}
    for kind, constructors in KINDS.items():
        for name, constructor in zip(("ours", "theirs"), constructors, strict=True):
            layers = Layers(constructor, constructors[1], torch.float64)
            for way, wrapped in (("whole", DistributedDataParallel), ("sharded", fully_shard)):
                model = wrapped(layers(**TWO))
                optimizer = torch.optim.SGD(model.parameters(), 0.1)
                for seed in range(3):
                    optimizer.zero_grad()
                    output, _ = model(layers.x(T, 4, I, seed=seed)[:, 2 * rank : 2 * rank + 2])
                    output.square().mean().backward()
                    optimizer.step()
                weights = [p.detach() for p in model.parameters()]
                found[f"{kind} {name} {way}"] = [w.full_tensor() if way == "sharded" else w for w in weights]
    dist.destroy_process_group()
    torch.save(found, f"{path}/{rank}.pt")


@pytest.mark.slow
def test_weights_whole_or_sharded_on_two_processes(tmp_path: Any) -> None:
    """Both halves together are one step on the whole batch, by one process with torch.nn."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    spawn(_rank, (port, str(tmp_path)), nprocs=2)
    for kind, (_, theirs) in KINDS.items():
        layers = Layers(theirs, theirs, torch.float64)
        model = layers(**TWO)
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        for seed in range(3):
            optimizer.zero_grad()
            model(layers.x(T, 4, I, seed=seed))[0].square().mean().backward()
            optimizer.step()
        for rank in (0, 1):
            found = torch.load(tmp_path / f"{rank}.pt")
            for name in ("ours whole", "theirs whole", "ours sharded", "theirs sharded"):
                for a, b in zip(found[f"{kind} {name}"], model.parameters(), strict=True):
                    torch.testing.assert_close(a, b.detach(), rtol=1e-10, atol=1e-12)
