"""Let ONNX Runtime's quantizer quantize random networks in every way that it has."""

import logging
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime.quantization import (
    QuantFormat,
    QuantType,
    quantize_static,
)

from bench.network_draw import Drawn, NothingFitsError, input_arrays, run_session, session_of
from cnnc.ir.types import AnyArray

_SAMPLES = 8


@dataclass(frozen=True)
class Way:
    """How a network is quantized.

    Attributes:
        format: Pairs of QuantizeLinear and DequantizeLinear, or integer operators.
        per_channel: A scale for each output channel of weights.
        activations: Type of activations.
        weights: Type of weights.
        symmetric: Zero points of activations are 0, or the middle.
    """

    format: QuantFormat
    per_channel: bool
    activations: QuantType
    weights: QuantType
    symmetric: bool

    def __str__(self) -> str:
        parts = [self.format.name, self.activations.name, self.weights.name]
        parts += ["per channel"] if self.per_channel else []
        return ", ".join([*parts, "symmetric"] if self.symmetric else parts)


class _Reader:
    """What ``quantize_static`` takes its samples from, by the one method that it calls."""

    def __init__(self, samples: Iterator[dict[str, AnyArray]]) -> None:
        self._samples = samples

    def get_next(self) -> dict[str, AnyArray] | None:
        return next(self._samples, None)


def draw_way(seed: int) -> Way:
    """Draw how to quantize."""
    generator = np.random.default_rng(seed)
    format_ = (QuantFormat.QDQ, QuantFormat.QOperator)[int(generator.integers(2))]
    activations = (QuantType.QInt8, QuantType.QUInt8)[int(generator.integers(2))]
    weights = QuantType.QInt8 if generator.random() < 0.8 else activations
    return Way(
        format_, bool(generator.integers(2)), activations, weights, bool(generator.random() < 0.3)
    )


def _has_softmax_of_one(proto: onnx.ModelProto) -> bool:
    """Return whether a Softmax is over one element, which is 1 whatever it reads.

    ONNX Runtime's QLinearSoftmax (1.31) gives 0 there at its quantizer's scale 1/256: its table of
    exponentials goes up to FLT_MAX / e^5, which times 256 passes float32. From two elements on,
    among which it divides FLT_MAX first, the product is finite.
    """
    inferred = onnx.shape_inference.infer_shapes(proto).graph
    extents = {
        value.name: [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
        for value in (*inferred.input, *inferred.value_info, *inferred.output)
    }
    return any(
        extents[node.output[0]][_axis(node)] == 1
        for node in inferred.node
        if node.op_type == "Softmax"
    )


def _axis(node: onnx.NodeProto) -> int:
    return next((int(entry.i) for entry in node.attribute if entry.name == "axis"), -1)


def quantized(drawn: Drawn, way: Way, seed: int) -> Drawn:
    """Return the network as ONNX Runtime quantizes it.

    Raises:
        NothingFitsError: It cannot, or computes the result wrongly itself.
    """
    if _has_softmax_of_one(drawn.proto):
        raise NothingFitsError
    data = input_arrays(drawn, seed, _SAMPLES)
    samples = ({name: array[i] for name, array in data.items()} for i in range(_SAMPLES))
    logging.disable(logging.WARNING)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "quantized.onnx")
            # By its one method: to mypy the class to derive from is of no type.
            reader: Any = _Reader(samples)
            quantize_static(
                drawn.proto,
                path,
                reader,
                quant_format=way.format,
                per_channel=way.per_channel,
                activation_type=way.activations,
                weight_type=way.weights,
                extra_options={"ActivationSymmetric": way.symmetric},
            )
            proto = onnx.load(path)
        # Its graphs are not always valid.
        run_session(session_of(proto), {name: array[0] for name, array in data.items()})
    except Exception as error:  # whatever its quantizer cannot do
        raise NothingFitsError(f"{type(error).__name__}: {error}") from error
    finally:
        logging.disable(logging.NOTSET)
    name = f"{drawn.name}q"
    return Drawn(name, proto, tuple(node.op_type for node in proto.graph.node))
