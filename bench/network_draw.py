"""Draw random ONNX networks: images of one to three axes, branches, several readers and outputs.

Every node that is drawn is computed by ONNX Runtime at once: what it refuses, or what gives no
finite numbers, is drawn again, so that all networks are valid.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from cnnc.ir.types import F32, AnyArray, Shape

_T = TypeVar("_T")

Attribute = int | float | str | Sequence[int] | Sequence[float]
"""Of a node."""

LATEST_OPSET = 24
"""The newest that the ONNX Runtime of the tests computes."""

OLDEST_OPSET = 7
_MOST_ELEMENTS = 4096
_LARGEST = 300.0
_NUDGE = 1e-6
_NOISE = 1e-3
_MOST_ATTEMPTS = 60
_IR_VERSIONS = {7: 3, 8: 3, 9: 4, 10: 5, 11: 6, 12: 7, 13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8}


@dataclass(frozen=True, eq=False)
class Drawn:
    """A network as it was drawn.

    Attributes:
        name: Says the seed.
        proto: The model.
        operators: Operator of every node.
    """

    name: str
    proto: onnx.ModelProto
    operators: tuple[str, ...]


@dataclass
class Draw:
    """A network that grows.

    Attributes:
        generator: What everything is drawn from.
        opset: Version of the operators.
        values: Name -> what it holds for one sample, in the order of definition.
        constants: Name -> initializer.
        nodes: In order of execution.
    """

    generator: np.random.Generator
    opset: int
    values: dict[str, AnyArray] = field(default_factory=dict[str, AnyArray])
    constants: dict[str, AnyArray] = field(default_factory=dict[str, AnyArray])
    nodes: list[onnx.NodeProto] = field(default_factory=list[onnx.NodeProto])

    def below(self, end: int) -> int:
        """Return an integer of 0..end-1."""
        return int(self.generator.integers(end))

    def between(self, low: int, high: int) -> int:
        """Return an integer of low..high, both included."""
        return int(self.generator.integers(low, high + 1))

    def chance(self, share: float = 0.5) -> bool:
        """Return True so often."""
        return bool(self.generator.random() < share)

    def one_of(self, choices: Sequence[_T]) -> _T:
        """Return one of them."""
        return choices[self.below(len(choices))]

    def uniform(self, low: float, high: float) -> float:
        """Return a number that float32 has exactly."""
        return float(np.float32(self.generator.uniform(low, high)))

    def pick(self, least_rank: int = 0, most_rank: int = 6, kind: str = "f") -> str:
        """Return a value of a rank and a kind of type; rather a late or an unread one.

        Raises:
            NothingFitsError: There is none.
        """
        fitting = [
            name
            for name, array in self.values.items()
            if least_rank <= array.ndim <= most_rank and array.dtype.kind == kind
        ]
        if not fitting:
            raise NothingFitsError
        read = {name for node in self.nodes for name in node.input}
        unread = [name for name in fitting if name not in read]
        if unread and self.chance(0.75):
            return self.one_of(unread)
        return self.one_of(fitting[-4:]) if self.chance() else self.one_of(fitting)

    def shape(self, name: str) -> Shape:
        """Return the shape of a value."""
        return self.values[name].shape

    def axis(self, rank: int) -> int:
        """Return an axis, negative or not."""
        return self.between(-rank, rank - 1)

    def constant(self, array: npt.ArrayLike, kind: type[np.generic] = np.float32) -> str:
        """Add an initializer; returns its name."""
        name = f"c{len(self.constants)}"
        self.constants[name] = np.asarray(array, dtype=kind)
        return name

    def integers(self, numbers: Sequence[int]) -> str:
        """Add an initializer of int64; returns its name."""
        return self.constant(numbers, np.int64)

    def normal(self, *shape: int, scale: float = 1.0) -> str:
        """Add an initializer of normal numbers; returns its name."""
        return self.constant(self.generator.normal(0.0, scale, shape))

    def add(
        self,
        operator: str,
        inputs: Sequence[str],
        outputs: int = 1,
        /,
        **attributes: Attribute,
    ) -> tuple[str, ...]:
        """Add a node and compute it.

        Raises:
            NothingFitsError: ONNX Runtime refuses it, or the numbers are of no use.
        """
        if not onnx.defs.has(operator, self.opset):
            raise NothingFitsError
        names = tuple(f"v{len(self.nodes)}_{index}" for index in range(outputs))
        node = helper.make_node(operator, inputs, names, f"n{len(self.nodes)}")
        node.attribute.extend(helper.make_attribute(key, of) for key, of in attributes.items())
        results = self._computed(node, self.values)
        if operator.endswith("Normalization"):
            # Rounding errors alone are what is left of equal numbers.
            nudged = {key: _nudged(array) for key, array in self.values.items()}
            for array, moved in zip(results, self._computed(node, nudged), strict=True):
                if not np.allclose(array, moved, rtol=0.0, atol=_NOISE):
                    raise NothingFitsError
        for name, array in zip(names, results, strict=True):
            check_useful(array)
            self.values[name] = array
        self.nodes.append(node)
        return names

    def _computed(self, node: onnx.NodeProto, values: Mapping[str, AnyArray]) -> Sequence[AnyArray]:
        read = dict.fromkeys(name for name in node.input if name)
        given = {name: values[name] for name in read if name in values}
        constants = {name: self.constants[name] for name in read if name in self.constants}
        proto = model_of([node], given, constants, list(node.output), self.opset)
        return run_session(session_of(proto), given)


def _nudged(array: AnyArray) -> AnyArray:
    if array.dtype != np.float32:
        return array
    signs = np.where(np.arange(array.size).reshape(array.shape) % 2 == 0, 1, -1)
    real: F32 = array.astype(np.float32)
    moved: F32 = (real + signs * (_NUDGE * (1 + np.abs(real)))).astype(np.float32)
    return moved


class NothingFitsError(Exception):
    """What was drawn cannot be; another draw may be."""


def check_useful(array: AnyArray) -> None:
    """Raise ``NothingFitsError`` for arrays that are empty, large, of large numbers or of NaN."""
    if not 0 < array.size <= _MOST_ELEMENTS or array.ndim > 6:
        raise NothingFitsError
    if not np.isfinite(array).all() or np.abs(array).max() > _LARGEST:
        raise NothingFitsError


def model_of(
    nodes: Sequence[onnx.NodeProto],
    inputs: dict[str, AnyArray],
    constants: dict[str, AnyArray],
    outputs: Sequence[str],
    opset: int,
) -> onnx.ModelProto:
    """Return the ONNX model of some nodes."""
    ports = [
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
        )
        for name, array in inputs.items()
    ]
    graph = helper.make_graph(
        nodes,
        "network",
        ports,
        [helper.make_empty_tensor_value_info(name) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    imports = [helper.make_opsetid("", opset)]
    return helper.make_model(graph, opset_imports=imports, ir_version=_IR_VERSIONS.get(opset, 10))


def session_of(proto: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """Return ONNX Runtime's session, as the model says, without rewriting.

    Raises:
        NothingFitsError: It refuses the model.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        return onnxruntime.InferenceSession(
            proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # its exceptions have no common base
        raise NothingFitsError from error


def run_session(
    session: onnxruntime.InferenceSession, inputs: dict[str, AnyArray]
) -> list[AnyArray]:
    """Return the outputs.

    Raises:
        NothingFitsError: It fails.
    """
    try:
        found: Any = session.run(None, inputs)
    except Exception as error:  # its exceptions have no common base
        raise NothingFitsError from error
    arrays: list[AnyArray] = found
    return arrays


Recipe = Callable[[Draw], object]
"""Adds a node or a few."""


def draw_network(seed: int, recipes: Sequence[Recipe], opset: int | None = None) -> Drawn:
    """Draw a network.

    Args:
        seed: Another one, another network.
        recipes: What may be added.
        opset: Version of the operators; any by default.
    """
    generator = np.random.default_rng(seed)
    draw = Draw(generator, opset or int(generator.integers(OLDEST_OPSET, LATEST_OPSET + 1)))
    inputs = _draw_inputs(draw)
    wanted = draw.between(3, 22)
    for _ in range(_MOST_ATTEMPTS):
        if len(draw.nodes) >= wanted:
            break
        _attempt(draw, draw.one_of(recipes))
    return _finished(draw, inputs, f"net{seed}")


def _draw_inputs(draw: Draw) -> dict[str, AnyArray]:
    axes = draw.between(1, 3)
    most = {1: 24, 2: 10, 3: 5}[axes]
    batch = draw.one_of([1, 1, 2, 3])
    shape = (batch, draw.between(1, 6), *(draw.between(2, most) for _ in range(axes)))
    shapes = [shape]
    if draw.chance(0.3):
        shapes.append(draw.one_of([shape, (batch, draw.between(1, 6), *shape[2:]), shape[:2]]))
    inputs: dict[str, AnyArray] = {
        f"in{index}": draw.generator.normal(0.0, 1.5, wanted).astype(np.float32)
        for index, wanted in enumerate(shapes)
    }
    draw.values.update(inputs)
    return inputs


def _attempt(draw: Draw, recipe: Recipe) -> None:
    """Add what a recipe makes, or nothing at all."""
    before = replace(
        draw, values=dict(draw.values), constants=dict(draw.constants), nodes=list(draw.nodes)
    )
    try:
        recipe(draw)
    except NothingFitsError:
        draw.values, draw.constants, draw.nodes = before.values, before.constants, before.nodes


def _finished(draw: Draw, inputs: dict[str, AnyArray], name: str) -> Drawn:
    results = [value for value in draw.values if value not in inputs]
    outputs = results[-1:]
    if len(results) > 1 and draw.chance(0.4):
        outputs = [*outputs, draw.one_of(results[:-1])]
    nodes = _needed(draw.nodes, outputs)
    read = {name for node in nodes for name in node.input} | {*outputs}
    given = {key: array for key, array in inputs.items() if key in read}
    constants = {key: array for key, array in draw.constants.items() if key in read}
    proto = model_of(nodes, given, constants, outputs, draw.opset)
    # Its shape inference does not always agree with its kernels.
    run_session(session_of(proto), given)
    return Drawn(name, proto, tuple(node.op_type for node in nodes))


def _needed(nodes: Sequence[onnx.NodeProto], outputs: Sequence[str]) -> list[onnx.NodeProto]:
    wanted = {*outputs}
    kept: list[onnx.NodeProto] = []
    for node in reversed(nodes):
        if wanted & {*node.output}:
            wanted |= {*node.input}
            kept.insert(0, node)
    return kept


def input_arrays(drawn: Drawn, seed: int, samples: int) -> dict[str, AnyArray]:
    """Return random inputs: name -> (samples, *ONNX shape)."""
    generator = np.random.default_rng(seed)
    return {
        entry.name: generator.normal(
            0.0, 1.5, (samples, *(d.dim_value for d in entry.type.tensor_type.shape.dim))
        ).astype(np.float32)
        for entry in drawn.proto.graph.input
        if entry.type.tensor_type.elem_type == TensorProto.FLOAT
    }
