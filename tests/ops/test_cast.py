"""Cast: every pair of types, the edges of each, images of bytes in int8 networks."""

import itertools

import numpy as np
import pytest
from tests.support.op_cases import (
    PROGRAM,
    OpCase,
    check_case,
    check_onnx,
    check_program,
    check_real_case,
)

from cnnc.codegen.lower import lower
from cnnc.errors import UnsupportedAttributeError, UnsupportedOpError
from cnnc.importer.builder import GraphBuilder
from cnnc.ir.float_model import FloatModel, FloatNode, Port
from cnnc.ir.types import AnyArray, ElementType
from cnnc.ops.cast import Cast
from cnnc.ops.mean import Mean
from cnnc.quantize.keep_real import keep_real
from cnnc.simulator.chunk import Chunk
from cnnc.simulator.reference import run_reference

FLOAT, INT8, UINT8 = ElementType.FLOAT32, ElementType.INT8, ElementType.UINT8


def _range(kind: ElementType) -> tuple[float, float]:
    """Return a range that passes that of most other types."""
    if kind is FLOAT:
        return (-3.0e9, 5.0e9)
    limits = np.iinfo(kind.numpy)
    return (float(limits.min), float(limits.max) * 0.99)


SAMPLES = 50
PAIRS = list(itertools.permutations(ElementType, 2))
BOOLEANS = [
    OpCase(f"{kind.value}_to_bool", Cast(UINT8, True), ((40,),), ((0, 2.9),), input_types=(kind,))
    for kind in (FLOAT, ElementType.INT32)
]
IMAGES = [
    OpCase("pixels", Cast(FLOAT), ((1, 8, 9, 3),), ((0.0, 255.0),), input_types=(UINT8,)),
    OpCase("signed", Cast(FLOAT), ((2, 70),), ((-128.0, 127.0),), input_types=(INT8,)),
    OpCase(
        "clipped", Cast(FLOAT), ((5,),), ((0.0, 255.0),), output_range=(0, 99), input_types=(UINT8,)
    ),
]


def test_every_pair_of_types() -> None:
    """All pairs in one network, which is one program to compile."""
    nodes = [FloatNode(f"{a}_{b}", Cast(b), (a.value,), f"{a.value}_{b.value}") for a, b in PAIRS]
    shapes = {kind.value: (SAMPLES,) for kind in ElementType}
    types = {kind.value: kind for kind in ElementType if kind is not FLOAT}
    types |= {f"{a.value}_{b.value}": b for a, b in PAIRS if b is not FLOAT}
    model = FloatModel(
        name=PROGRAM,
        inputs=tuple(Port(kind.value, kind.value, (SAMPLES,), (0,)) for kind in ElementType),
        outputs=tuple(Port(node.output, node.output, (SAMPLES,), (0,)) for node in nodes),
        nodes=tuple(nodes),
        constants={},
        shapes={**shapes, **{node.output: (SAMPLES,) for node in nodes}},
        types=types,
    )
    generator = np.random.default_rng(0)
    inputs = {
        kind.value: generator.uniform(*_range(kind), (4, SAMPLES)).astype(kind.numpy)
        for kind in ElementType
    }
    real = keep_real(model)
    chunk = Chunk(first=0, real={}, inputs=inputs, values=run_reference(real, inputs))
    check_program("casts", real, lower(real), chunk)


@pytest.mark.parametrize("op_case", BOOLEANS, ids=str)
def test_booleans_are_ones_and_zeros(op_case: OpCase) -> None:
    check_real_case(op_case)


@pytest.mark.parametrize("op_case", IMAGES, ids=str)
def test_bytes_become_int8_by_a_table(op_case: OpCase) -> None:
    check_case(op_case)


def test_real_numbers_are_cut_toward_zero_and_clamped() -> None:
    real = np.array([[-2.9, 2.9, -0.0, 300.0, -300.0, np.inf, -np.inf, np.nan]], np.float32)
    assert Cast(INT8).evaluate([real]).tolist() == [[-2, 2, 0, 127, -128, 127, -128, -128]]
    assert Cast(UINT8).evaluate([real]).tolist() == [[0, 2, 0, 255, 0, 255, 0, 0]]
    assert Cast(UINT8, True).evaluate([real]).tolist() == [[1, 1, 0, 1, 1, 1, 1, 1]]
    large = np.array([3.0e9], np.float32)
    assert Cast(ElementType.INT32).evaluate([large]).tolist() == [2147483520]


def test_integers_keep_their_low_bits() -> None:
    words = np.array([257, -1, 128], np.int32)
    assert Cast(INT8).evaluate([words]).tolist() == [1, -1, -128]


def test_a_cast_to_the_same_type_vanishes() -> None:
    assert len(check_onnx("Cast", {"to": 1}, [(2, 3)]).nodes) == 1


@pytest.mark.parametrize("to", [3, 6, 7, 9])
def test_reads_casts_of_real_numbers(to: int) -> None:
    model = check_onnx("Cast", {"to": to}, [(1, 3, 4, 5)], opset=13)
    assert model.element_type(model.outputs[0].value) is not FLOAT


def test_casts_like_another_operand() -> None:
    constants: dict[int, AnyArray | None] = {1: np.array([1], np.int32)}
    model = check_onnx("CastLike", {}, [(2, 3)], opset=15, constants=constants)
    assert model.element_type(model.outputs[0].value) is ElementType.INT32
    assert len(check_onnx("CastLike", {}, [(2, 3), (4,)], opset=15).nodes) == 1


def test_types_that_are_not_supported_are_named() -> None:
    with pytest.raises(UnsupportedOpError, match="cast to DOUBLE; casts to FLOAT, INT8, UINT8"):
        check_onnx("Cast", {"to": 11}, [(2, 3)])


def test_constants_keep_their_integers() -> None:
    builder = GraphBuilder()
    key = builder.add_constant("c", np.array([1, -5], np.int64))
    assert builder.element_type(key) is ElementType.INT32
    assert builder.constants[key].dtype == np.int32
    assert builder.add_constant("b", np.array([True])) == "b"
    assert builder.element_type("b") is UINT8


def test_integers_beyond_int32_are_refused() -> None:
    with pytest.raises(Exception, match="constant 'c' holds int64 numbers beyond int32"):
        GraphBuilder().add_constant("c", np.array([2**31], np.int64))


def test_an_operator_of_real_numbers_says_what_it_needs() -> None:
    builder = GraphBuilder(shapes={"x": (1, 4, 4, 2)}, types={"x": ElementType.INT32})
    with pytest.raises(UnsupportedAttributeError, match="is int32; only float32 is supported"):
        builder.append("node", Mean((1, 2), True), ["x"], "y", ())
