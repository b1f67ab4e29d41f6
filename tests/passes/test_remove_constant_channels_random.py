"""Random networks with planted dead channels: pruned and whole networks, and the C, agree."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.passes.channel_network import (
    SMALL,
    addition,
    convolution,
    dense,
    depthwise,
    every_extreme,
    removed,
    table,
    transposed,
)
from tests.passes.integer_network import FORMAT, IntegerNetwork
from tests.support.op_cases import check_engine

from cnnc.codegen.emit import emit
from cnnc.codegen.lower import lower
from cnnc.ir.op import QuantOp
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.serialize import load, save
from cnnc.ir.types import Shape, Window
from cnnc.ops.average_pool import QuantAveragePool
from cnnc.ops.concat import QuantConcat
from cnnc.ops.conv2d import QuantConv2d
from cnnc.ops.conv_transpose import QuantConvTranspose
from cnnc.ops.max_pool import QuantMaxPool
from cnnc.ops.mean import QuantMean
from cnnc.ops.reshape import QuantReshape
from cnnc.ops.resize import QuantResizeLinear, QuantResizeNearest
from cnnc.simulator.build import EmittedCode
from cnnc.simulator.host import start_host

ZERO = FORMAT.zero_point
STEPS = (
    "dense", "bordered", "depthwise", "transposed", "table", "sum", "max", "average", "join",
    "nearest", "linear",
)  # fmt: skip


class _Growing:
    """A network that grows by steps; remembers an earlier value of the same shape."""

    def __init__(self, seed: int) -> None:
        self.generator = np.random.default_rng(seed)
        self.net = IntegerNetwork((1, 5, 4, 3))
        self.value = "x"
        self.shape: Shape = (1, 5, 4, 3)
        self.earlier: list[tuple[str, Shape]] = []

    def step(self, name: str) -> None:
        """Add a layer."""
        channels = self.shape[-1]
        seed = int(self.generator.integers(1000))
        if name in ("dense", "bordered", "transposed"):
            outputs = int(self.generator.integers(1, 7))
            op = self._weighted(name, seed, channels, outputs)
            # Some operands are read by few outputs, or by none.
            op.weight[self.generator.random(op.weight.shape) < 0.4] = 0
            op.weight[..., self.generator.random(channels) < 0.2] = 0
            self._add(op)
        elif name == "depthwise":
            filters = depthwise(seed, channels, SMALL, int(self.generator.integers(1, 3)))
            filters.weight[:, :, self.generator.random(filters.weight.shape[2]) < 0.3] = 0
            self._add(filters)
        elif name == "table":
            low, high = sorted(self.generator.integers(-20, 60, 2).tolist())
            self._add(table(low, high))
        elif name == "max":
            self._add(QuantMaxPool(SMALL))
        elif name == "nearest":
            indices = self.generator.integers(0, self.shape[1], 4).astype(np.int32)
            self._add(QuantResizeNearest((1,), (4,), indices))
        elif name == "linear":
            steps = self.generator.integers(0, 1024 * (self.shape[2] - 1) + 1, 5)
            self._add(QuantResizeLinear((2,), (5,), steps.astype(np.int32)))
        elif name == "average":
            counted = bool(self.generator.integers(2))
            self._add(QuantAveragePool(SMALL, counted, (), ZERO))
        else:
            self._merge(name)

    def _weighted(
        self, name: str, seed: int, channels: int, outputs: int
    ) -> QuantConv2d | QuantConvTranspose:
        dead = self._dead(outputs)
        if name == "transposed":
            return transposed(seed, channels, outputs, dead)
        window = SMALL if name == "bordered" else Window(1, 1)
        return convolution(seed, channels, outputs, window, dead)

    def finish(self, *, flat: bool) -> QuantModel:
        """Return the network with a fully connected layer after a mean or flattening."""
        batch, rows, cols, channels = self.shape
        if flat:
            self._add(QuantReshape((batch, rows * cols * channels)))
        else:
            self._add(QuantMean((1, 2), False, ZERO, ZERO, 1 << 30, -4))
        self._add(dense(7, self.shape[-1], 3))
        return self.net.model(self.value)

    def _merge(self, name: str) -> None:
        rank = slice(None) if name == "sum" else slice(3)
        fitting = [value for value, shape in self.earlier if shape[rank] == self.shape[rank]]
        other = fitting[int(self.generator.integers(len(fitting)))] if fitting else self.value
        self._add(addition() if name == "sum" else QuantConcat(3), other)

    def _add(self, op: QuantOp, *others: str) -> None:
        self.earlier.append((self.value, self.shape))
        self.value = self.net.add(op, FORMAT, self.value, *others)
        self.shape = self.net.shape(self.value)

    def _dead(self, outputs: int) -> dict[int, int]:
        levels = (ZERO, ZERO + 1, -128, 55)
        return {
            channel: levels[int(self.generator.integers(len(levels)))]
            for channel in range(outputs)
            if self.generator.random() < 0.5
        }


def grown(seed: int, steps: list[str], *, flat: bool) -> QuantModel:
    """Return the network of some steps."""
    growing = _Growing(seed)
    for name in steps:
        growing.step(name)
    return growing.finish(flat=flat)


@given(
    seed=st.integers(0, 2**32 - 1),
    steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=8),
    flat=st.booleans(),
)
@settings(deadline=None)
def test_nothing_but_work_is_lost(seed: int, steps: list[str], flat: bool) -> None:
    model = grown(seed, ["bordered", *steps], flat=flat)
    after = removed(model)
    assert after.macs() <= model.macs()
    assert save(load(*save(after))) == save(after)


def test_planted_channels_are_found() -> None:
    models = [grown(seed, ["bordered", "dense", "sum", "dense"], flat=False) for seed in range(20)]
    smaller = sum(removed(model).macs() < model.macs() for model in models)
    assert smaller >= 15


@pytest.mark.parametrize(
    ("seed", "steps"),
    [
        (1, ["dense", "table", "depthwise", "dense"]),
        (4, ["transposed", "table", "transposed", "dense"]),
        (2, ["dense", "nearest", "linear", "dense"]),
        (2, ["dense", "sum", "max", "join", "bordered"]),
        # Everything after the first layers is constant.
        (3, ["dense", "table", "table", "table", "table", "table", "bordered", "average"]),
    ],
)
@pytest.mark.parametrize("flat", [False, True])
def test_the_emitted_c_computes_the_same(seed: int, steps: list[str], flat: bool) -> None:
    after = removed(grown(seed, ["bordered", *steps], flat=flat))
    assert after.channel_maps
    chunk = every_extreme(after)
    with tempfile.TemporaryDirectory(prefix="cnnc-channels-") as folder:
        directory = Path(folder, "emitted")
        for name, content in emit(lower(after)).items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        engine = start_host(EmittedCode(directory, after), Path(folder, "build"), sanitize=True)
        check_engine("host", after, engine, chunk)
