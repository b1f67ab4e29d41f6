"""Single rounding judged by ai-edge-litert's default kernels (XNNPACK), one op at a time.

XNNPACK rounds once for some operators and twice or otherwise for others (spec section 6), so a
whole graph would drift apart: each op runs as a model of its own, fed with the reference's bytes.

Where it rounds once it scales in float32, acc * f32(scale), a relative error of up to 2^-22. What
changes when the exact product changes by as little lies on a tie that XNNPACK cannot tell: it is
undecided: 2 of the 3.5 million values of five classifiers, 10 images each. A layer that holds one
is reported as not compared, with their number; its other values are compared all the same.
"""

import logging
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from cnnc.codegen.tflite import NotCompared, export_tflite
from cnnc.ir.float_model import Port
from cnnc.ir.quant_model import QuantModel, QuantNode
from cnnc.ir.types import I64, AnyArray
from cnnc.quantize.fixed_point import Arithmetic, IntLike, wrap_int32
from cnnc.simulator.chunk import Chunk
from cnnc.simulator.compare import Observation
from cnnc.simulator.faults import EngineFailedError
from cnnc.simulator.tflite_runtime import TfliteRuntime, TfliteSession

logger = logging.getLogger(__name__)

Integers = npt.NDArray[np.integer[Any]]

FLOAT_ERROR_BITS = 22
"""XNNPACK's product of accumulator and scale is exact to 2^-22 of its size."""


@dataclass(frozen=True)
class NudgedArithmetic(Arithmetic):
    """Single rounding of a product that is larger or smaller by 2^-22 of its size.

    Attributes:
        direction: 1 or -1.
    """

    direction: int = 1

    def rescale(self, x: Integers, multiplier: IntLike, shift: IntLike) -> I64:
        """Return (p + d * |p| / 2^22) / 2^(31 - shift), rounded half up, p = x * multiplier."""
        product = x.astype(np.int64) * np.asarray(multiplier, dtype=np.int64)
        nudged = product + self.direction * ((np.abs(product) >> FLOAT_ERROR_BITS) + 1)
        total = 31 - np.asarray(shift, dtype=np.int64)
        return wrap_int32((nudged + np.left_shift(np.int64(1), total - 1)) >> total)


class SingleRoundingEngine:
    """Every layer that XNNPACK can judge, as a model of its own; others are not compared.

    Args:
        model: The network, quantized for single rounding.
        runtime: ai-edge-litert.
    """

    def __init__(self, model: QuantModel, runtime: TfliteRuntime) -> None:
        self._model = model
        self.runtime = f"{runtime} (default kernels, one layer at a time)"
        self._sessions: dict[int, TfliteSession] = {}
        self._refused: list[NotCompared] = []
        self._undecided: Counter[int] = Counter()
        for layer, node in enumerate(model.nodes):
            reason = self._prepare(layer, node, runtime)
            if reason is not None:
                self._refused.append(NotCompared(node.name, node.op.kind, reason))

    def details(self) -> dict[str, Any]:
        """Return the keys that only this engine has."""
        return {"runtime": self.runtime, "undecided_values": self.undecided_values}

    @property
    def undecided_values(self) -> int:
        """How many values so far lay on a tie that float32 cannot tell."""
        return self._undecided.total()

    @property
    def not_compared(self) -> tuple[NotCompared, ...]:
        """Layers that round otherwise there, have no exact form in TFLite, or hold such ties."""
        ties = [
            NotCompared(
                self._model.nodes[layer].name,
                self._model.nodes[layer].op.kind,
                f"{count} {'value lies on a tie' if count == 1 else 'values lie on ties'} that "
                "XNNPACK's float32 scale cannot tell; "
                "the others were compared",
            )
            for layer, count in sorted(self._undecided.items())
        ]
        return (*self._refused, *ties)

    def observe(self, chunk: Chunk) -> Observation:
        """Run every layer on the reference's bytes."""
        values = {layer: self._judge(layer, chunk) for layer in self._sessions}
        by_name = {self._model.nodes[layer].output: array for layer, array in values.items()}
        wanted = [port.value for port in self._model.outputs]
        complete = all(name in by_name for name in wanted)
        checksums = {
            layer: np.array([zlib.crc32(item.tobytes()) for item in array], dtype=np.uint32)
            for layer, array in values.items()
        }
        return Observation(checksums, tuple(by_name[name] for name in wanted) if complete else ())

    def layer_values(self, chunk: Chunk, layers: Sequence[int]) -> Mapping[int, AnyArray]:
        """Run these layers again."""
        return {layer: self._settle(layer, chunk)[0] for layer in layers}

    def _prepare(self, layer: int, node: QuantNode, runtime: TfliteRuntime) -> str | None:
        """Load a layer; returns why it cannot be judged instead."""
        if not node.op.judged_in_single_rounding:
            return "the default kernel of ai-edge-litert does not round as single rounding does"
        if all(name in self._model.constants for name in node.inputs):
            return "every operand is a constant"
        export = export_tflite(one_node_model(self._model, node))
        if export.not_expressible:
            return export.not_expressible[0].reason
        try:
            self._sessions[layer] = TfliteSession(runtime, export.data, "default")
        except EngineFailedError:
            return "XNNPACK refuses the layer, as it does where the ratio of scales is 256 or more"
        return None

    def _judge(self, layer: int, chunk: Chunk) -> AnyArray:
        settled, undecided = self._settle(layer, chunk)
        if undecided:
            name = self._model.nodes[layer].name
            logger.info("%s: %d values on a tie that float32 cannot tell", name, undecided)
            self._undecided[layer] += undecided
        return settled

    def _settle(self, layer: int, chunk: Chunk) -> tuple[AnyArray, int]:
        """Return the layer's values, undecided ones as the reference has them, and their number."""
        found = self._run(layer, chunk)
        node = self._model.nodes[layer]
        expected = chunk.values[node.output]
        different = found != expected
        if not different.any():
            return found, 0
        operands = [self._operand(name, chunk) for name in node.inputs]
        low, high = (
            node.op.evaluate(operands, NudgedArithmetic("single", direction))
            for direction in (-1, 1)
        )
        # A tie: one nudge gives what XNNPACK found, the other what the reference has.
        down = (found == low) & (expected == high)
        up = (found == high) & (expected == low)
        undecided = different & (down | up)
        return np.where(undecided, expected, found), int(undecided.sum())

    def _operand(self, name: str, chunk: Chunk) -> AnyArray:
        if name not in self._model.constants:
            return chunk.values[name]
        constant = self._model.constants[name]
        return np.broadcast_to(constant, (chunk.samples, *constant.shape))

    def _run(self, layer: int, chunk: Chunk) -> AnyArray:
        operands = _activations(self._model, self._model.nodes[layer])
        inputs = [chunk.values[name] for name in operands]
        return np.stack([outputs[0] for outputs in self._sessions[layer].run(inputs)])


def _activations(model: QuantModel, node: QuantNode) -> list[str]:
    return [name for name in dict.fromkeys(node.inputs) if name not in model.constants]


def one_node_model(model: QuantModel, node: QuantNode) -> QuantModel:
    """Return a model of one layer whose operands, constants excepted, are its inputs."""
    constants = {name: model.constants[name] for name in node.inputs if name in model.constants}
    return replace(
        model,
        inputs=tuple(_port(model, name) for name in _activations(model, node)),
        outputs=(_port(model, node.output),),
        nodes=(node,),
        constants=constants,
    )


def _port(model: QuantModel, value: str) -> Port:
    shape = model.values[value].shape
    return Port(value, value, shape, tuple(range(len(shape))))
