"""ONNX's own node tests: which of them are judged, and as which models they are compiled.

The tests come with the ``onnx`` package (``onnx.backend.test``): a model of one node, or of the
primitive nodes that define it (``_expanded``), with inputs and the outputs that it must give.
"""

import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnx.backend.test.loader import load_model_tests

from cnnc.errors import ModelError, UnsupportedOpError
from cnnc.importer.read_onnx import read_onnx
from cnnc.ir.float_model import FloatModel
from cnnc.ir.types import AnyArray
from cnnc.ops._definition import readers

OPERATORS = frozenset(
    """
    Abs Add ArgMax ArgMin AveragePool BatchNormalization Cast Ceil Celu Clip Concat Conv
    ConvTranspose DepthToSpace Div Dropout Elu Erf Exp Expand Flatten Floor Gather Gelu Gemm
    GlobalAveragePool GlobalLpPool GlobalMaxPool GroupNormalization HardSigmoid HardSwish Identity
    InstanceNormalization LRN LayerNormalization LeakyRelu Log LogSoftmax LpNormalization LpPool
    MatMul Max MaxPool Min Mish Mul Neg PRelu Pad Pow Reciprocal ReduceL1 ReduceL2 ReduceMax
    ReduceMean ReduceMin ReduceSum Relu Reshape Resize Selu Sigmoid Slice Softmax Softplus Softsign
    SpaceToDepth Split Sqrt Squeeze Sub Sum Swish Tanh Tile Transpose Unsqueeze Upsample
    """.split()  # noqa: SIM905 (more readable than 76 lines)
)
"""Operators whose tests are judged, whether or not a reader of the same name exists."""

FOLDED = frozenset({"CastLike", "Constant", "ConstantOfShape", "Range", "Shape", "Size"})
"""Operators that may stand in an expanded test because they are computed at compile time."""

_QUANTIZING = ("QLinear", "Quantize", "Dequantize", "ConvInteger", "MatMulInteger", "DynamicQuant")
_MUST_BE_CONSTANT = re.compile(r"input \d+, '([^']*)'\) must be a constant")


class NotApplicableError(Exception):
    """A test is about something that networks in float32 and integers do not have."""


@dataclass(frozen=True, eq=False)
class NodeCase:
    """One test of a node.

    Attributes:
        name: As ``onnx`` has it, without ``test_``.
        operator: What it is about; of an expanded test the operator that was expanded.
        model: The graph.
        inputs: By name, as the test gives them.
        outputs: What it must give, in the graph's order.
        rtol: Relative tolerance of ``numpy.testing.assert_allclose``.
        atol: Absolute tolerance.
    """

    name: str
    operator: str
    model: onnx.ModelProto
    inputs: Mapping[str, AnyArray]
    outputs: tuple[AnyArray, ...]
    rtol: float
    atol: float

    @property
    def has_empty_tensor(self) -> bool:
        """Whether any input or output has no elements."""
        return any(array.size == 0 for array in (*self.inputs.values(), *self.outputs))


@dataclass(frozen=True, eq=False)
class BoundCase:
    """A test that could be imported.

    Attributes:
        case: The test.
        imported: Its network.
        bound: Inputs that became constants because the compiler has to know them.
    """

    case: NodeCase
    imported: FloatModel
    bound: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class NodeTest:
    """One test as the package has it; see ``NodeCase``."""

    name: str
    model: onnx.ModelProto
    inputs: Sequence[Any]
    outputs: Sequence[Any]
    rtol: float
    atol: float


@cache
def all_tests() -> tuple[NodeTest, ...]:
    """Return every test of the installed package, by name."""
    with warnings.catch_warnings():
        # Some tests compute infinities on purpose.
        warnings.simplefilter("ignore")
        found = load_model_tests(kind="node")
    tests = [
        NodeTest(
            name=test.name,
            model=test.model,
            inputs=test.data_sets[0][0],
            outputs=test.data_sets[0][1],
            rtol=test.rtol,
            atol=test.atol,
        )
        for test in found
        if test.model is not None and test.data_sets
    ]
    return tuple(sorted(tests, key=lambda test: test.name))


def judged_case(test: NodeTest) -> NodeCase | None:
    """Return a test whose operators are ours; None for all others.

    Raises:
        NotApplicableError: Its types or shapes are none of a static network of numbers.
    """
    types = {node.op_type for node in test.model.graph.node}
    if any(node.domain not in ("", "ai.onnx") for node in test.model.graph.node):
        return None
    expanded = "_expanded" in test.name
    ours = (OPERATORS | readers().keys()) | (FOLDED if expanded else frozenset())
    if not types <= ours or not types - FOLDED or any(t.startswith(_QUANTIZING) for t in types):
        return None
    _check_types(test.model.graph)
    names = [value.name for value in test.model.graph.input]
    return NodeCase(
        name=test.name.removeprefix("test_"),
        operator=_expanded_operator(test.name) if expanded else min(types - FOLDED),
        model=test.model,
        inputs={name: np.asarray(array) for name, array in zip(names, test.inputs, strict=False)},
        outputs=tuple(np.asarray(array) for array in test.outputs),
        rtol=test.rtol,
        atol=test.atol,
    )


def judged_cases(pattern: str = "") -> Iterator[NodeCase]:
    """Yield the tests that are judged and whose names contain the pattern."""
    for test in all_tests():
        if pattern not in test.name:
            continue
        try:
            case = judged_case(test)
        except NotApplicableError:
            continue
        if case is not None:
            yield case


def _expanded_operator(name: str) -> str:
    """Return the operator whose other tests share the start of the name."""
    stem = name.split("_expanded", maxsplit=1)[0]
    for test in all_tests():
        if test.name == stem:
            return min(node.op_type for node in test.model.graph.node)
    return stem.removeprefix("test_")


def _check_types(graph: onnx.GraphProto) -> None:
    """Refuse what is neither a number of int8..int64 or float32 nor of a static shape.

    Raises:
        NotApplicableError: Names the type or what is not static.
    """
    for value in (*graph.input, *graph.output):
        kind = value.type.WhichOneof("value")
        if kind != "tensor_type":
            raise NotApplicableError(f"{kind.removesuffix('_type')} instead of a tensor")
        element = TensorProto.DataType.Name(value.type.tensor_type.elem_type).lower()
        if element != "float" and not re.fullmatch(r"u?int(8|16|32|64)", element):
            raise NotApplicableError(f"type {element}")
        if not value.type.tensor_type.HasField("shape"):
            raise NotApplicableError("a tensor without a shape")
        if any(dim.dim_param for dim in value.type.tensor_type.shape.dim):
            raise NotApplicableError("a dynamic shape")


def import_case(case: NodeCase) -> BoundCase:
    """Import a test; what the compiler has to know becomes a constant with the test's value.

    Raises:
        ModelError: The model is refused, whatever is constant.
    """
    bound: list[str] = []
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    with tempfile.TemporaryDirectory(prefix="cnnc-node-") as folder:
        while True:
            path = Path(folder, f"n_{case.name}.onnx")
            path.write_bytes(model.SerializeToString())
            try:
                return BoundCase(case, read_onnx(path), tuple(bound))
            except ModelError as error:
                name = _wanted_constant(error, case, bound)
                if name is None:
                    raise
            bound.append(name)
            _bind(model, name, case.inputs[name])


def _wanted_constant(error: ModelError, case: NodeCase, bound: Sequence[str]) -> str | None:
    """Return the input that the compiler has to know; None if that is not what it refuses."""
    found = _MUST_BE_CONSTANT.search(error.problem)
    if found is not None and found[1] in case.inputs and found[1] not in bound:
        return found[1]
    refused = error.unsupported if isinstance(error, UnsupportedOpError) else ()
    if found is None and not any(entry.op_type in FOLDED for entry in refused):
        return None
    # In an expanded test it is computed from an input of integers: a shape, axes, a length.
    return next(
        (
            name
            for name, array in case.inputs.items()
            if array.dtype.name in ("int32", "int64") and name not in bound
        ),
        None,
    )


def _bind(model: onnx.ModelProto, name: str, array: AnyArray) -> None:
    kept = [value for value in model.graph.input if value.name != name]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    model.graph.initializer.append(numpy_helper.from_array(array, name))


def stored_type(array: AnyArray, element: "np.dtype[Any]") -> AnyArray:
    """Return an input in the type that the compiled network takes.

    Raises:
        NotApplicableError: A number does not fit it.
    """
    stored = array.astype(element)
    if array.dtype.kind in "iu" and not np.array_equal(stored, array):
        raise NotApplicableError(f"integers beyond {element}")
    return stored
