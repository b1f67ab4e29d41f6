"""Single rounding judged by ai-edge-litert's default kernels (XNNPACK), one op at a time.

XNNPACK rounds once for some operators and twice or otherwise for others (spec section 6), so a
whole graph would drift apart: each op runs as a model of its own, fed with the reference's bytes.
"""

import logging
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from cnnc.codegen.tflite import NotCompared, export_tflite
from cnnc.ir.float_model import Port
from cnnc.ir.quant_model import QuantModel, QuantNode
from cnnc.ir.types import AnyArray
from cnnc.simulator.chunk import Chunk
from cnnc.simulator.compare import Observation
from cnnc.simulator.tflite_runtime import TfliteRuntime, TfliteSession

logger = logging.getLogger(__name__)

JUDGED_KINDS = frozenset(
    {
        "add",
        "average_pool",
        "concat",
        "conv2d",
        "depthwise_conv2d",
        "fully_connected",
        "max_pool",
        "mean",
        "mul",
        "pad",
        "reshape",
        "sigmoid",
        "softmax",
        "tanh",
        "transpose",
    }
)
"""Operators whose default kernel equals single rounding, or does not round (spec section 6)."""


class SingleRoundingEngine:
    """Every layer that XNNPACK can judge, as a model of its own.

    Args:
        model: The network, quantized for single rounding.
        runtime: ai-edge-litert.

    Raises:
        EngineFailedError: The runtime refuses an exported layer.
    """

    def __init__(self, model: QuantModel, runtime: TfliteRuntime) -> None:
        self._model = model
        self.runtime = f"{runtime} (default kernels, one layer at a time)"
        self._sessions: dict[int, TfliteSession] = {}
        self._refused: list[NotCompared] = []
        for layer, node in enumerate(model.nodes):
            reason = self._prepare(layer, node, runtime)
            if reason is not None:
                self._refused.append(NotCompared(node.name, node.op.kind, reason))

    @property
    def not_compared(self) -> tuple[NotCompared, ...]:
        """Layers that round otherwise there, or have no exact form in TFLite."""
        return tuple(self._refused)

    def observe(self, chunk: Chunk) -> Observation:
        """Run every layer on the reference's bytes."""
        values = {layer: self._run(layer, chunk) for layer in self._sessions}
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
        return {layer: self._run(layer, chunk) for layer in layers}

    def _prepare(self, layer: int, node: QuantNode, runtime: TfliteRuntime) -> str | None:
        """Load a layer; returns why it cannot be judged instead."""
        if node.op.kind not in JUDGED_KINDS:
            return "the default kernel of ai-edge-litert does not round as single rounding does"
        if all(name in self._model.constants for name in node.inputs):
            return "every operand is a constant"
        export = export_tflite(one_node_model(self._model, node))
        if export.not_expressible:
            return export.not_expressible[0].reason
        self._sessions[layer] = TfliteSession(runtime, export.data, "default")
        return None

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
