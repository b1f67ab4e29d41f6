"""Writing the int8 model to two files and reading it back."""

import io
import json
import math
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnc.errors import InternalError, ModelError
from cnnc.ir.fields import FieldError, FieldReader, FieldWriter
from cnnc.ir.float_model import Port
from cnnc.ir.op import FloatOp, QuantOp
from cnnc.ir.quant_model import QuantModel, QuantNode, QuantValue
from cnnc.ir.serialize import load, save
from cnnc.ir.types import (
    I8,
    I32,
    Activation,
    AnyArray,
    Quantization,
    Window,
    Window3,
    WindowAxis,
)
from cnnc.ops._definition import quant_op_classes
from cnnc.ops.conv_transpose import TransposedAxis
from cnnc.ops.fully_connected import FullyConnected
from cnnc.ops.reshape import QuantReshape

WINDOW = Window(3, 2, 1, 2, 2, 1, 0, 1, 2, 3)
WINDOW3 = Window3(WindowAxis(3, 1, 2, 0, 1), WindowAxis(2, 2), WindowAxis(1))
FORMAT = Quantization(float(np.float32(0.1)), -7)
FLOAT_OP = FullyConnected(
    weight=np.arange(8, dtype=np.float32).reshape(2, 4) / 7,
    bias=np.array([-0.0, 1e-40], np.float32),
    activation=Activation.RELU,
)

Edit = Callable[[dict[str, Any]], object]


def example(hint: Any) -> object:  # noqa: ANN401 (any type hint)
    """Return a value of the type that is not the default of anything."""
    if get_origin(hint) is np.ndarray:
        (element,) = get_args(get_args(hint)[1])
        return np.arange(-128, 128).astype(element)  # a table has 256 entries
    if get_origin(hint) is tuple:
        return (example(get_args(hint)[0]),) * 3
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return list(hint)[-1]
    return {
        int: -41,
        bool: True,
        float: 0.1,
        str: "text",
        Window: WINDOW,
        Window3: WINDOW3,
        TransposedAxis: TransposedAxis(3, 2, 4, 1, -1),
        Quantization: FORMAT,
        FloatOp: FLOAT_OP,
    }[hint]


def instance(op_class: type[QuantOp]) -> QuantOp:
    hints = get_type_hints(op_class)
    return op_class(**{entry.name: example(hints[entry.name]) for entry in fields(op_class)})


def one_op_model(op: QuantOp) -> QuantModel:
    value = QuantValue((1, 4), FORMAT)
    return QuantModel(
        name="net",
        rounding="single",
        inputs=(Port("in é", "x", (1, 4), (0, 1)),),
        outputs=(Port("out", "y", (1, 4), (0, 1)),),
        nodes=(QuantNode("first/op", op, ("x", "k"), "y", ("a", "b")),),
        constants={"k": np.arange(4, dtype=np.int8).reshape(1, 4)},
        values={"x": value, "k": value, "y": value},
    )


def assert_same(found: object, expected: object) -> None:
    """Compare fields by value and type, arrays also by element type."""
    assert type(found) is type(expected)
    if isinstance(expected, np.ndarray):
        assert isinstance(found, np.ndarray)
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
        assert found.tobytes() == expected.tobytes()
        return
    if isinstance(expected, FloatOp):
        for entry in fields(expected):
            assert_same(getattr(found, entry.name), getattr(expected, entry.name))
        return
    assert found == expected


@pytest.mark.parametrize("name", sorted(quant_op_classes()))
def test_every_op_comes_back(name: str) -> None:
    op = instance(quant_op_classes()[name])
    found = load(*save(one_op_model(op))).nodes[0].op
    assert type(found) is type(op)
    for entry in fields(op):
        assert_same(getattr(found, entry.name), getattr(op, entry.name))


def test_the_rest_of_the_model_comes_back() -> None:
    model = one_op_model(QuantReshape((1, 4)))
    found = load(*save(model))
    assert (found.name, found.rounding) == (model.name, model.rounding)
    assert (found.inputs, found.outputs) == (model.inputs, model.outputs)
    assert list(found.values.items()) == list(model.values.items())
    assert_same(found.constants["k"], model.constants["k"])
    node = found.nodes[0]
    assert (node.name, node.inputs, node.output, node.sources) == (
        "first/op",
        ("x", "k"),
        "y",
        ("a", "b"),
    )


def test_order_of_values_is_kept() -> None:
    model = one_op_model(QuantReshape((1, 4)))
    turned = replace(model, values=dict(reversed(model.values.items())))
    assert list(load(*save(turned)).values) == ["y", "k", "x"]


def test_equal_models_give_equal_bytes() -> None:
    op_class = quant_op_classes()["QuantConv2d"]
    assert save(one_op_model(instance(op_class))) == save(one_op_model(instance(op_class)))


def test_what_is_read_is_written_the_same() -> None:
    saved = save(one_op_model(instance(quant_op_classes()["QuantConv2d"])))
    assert save(load(*saved)) == saved


def test_arrays_in_another_memory_order_come_back_the_same() -> None:
    model = one_op_model(QuantReshape((1, 4)))
    turned = np.asfortranarray(np.arange(6, dtype=np.int8).reshape(2, 3))
    format_ = QuantValue((2, 3), FORMAT)
    model = replace(model, constants={"k": turned}, values={**model.values, "k": format_})
    found = load(*save(model)).constants["k"]
    assert found.flags.c_contiguous
    assert_same(found, turned)


@dataclass(frozen=True)
class Everything:
    """One field of each type."""

    real: float
    count: int
    flag: bool
    text: str
    activation: Activation
    choice: Literal["a", "b"]
    pairs: tuple[tuple[int, float], ...]
    exactly: tuple[int, str]
    window: Window
    optional: Quantization | None
    weights: I8
    scalar: I32


EVERYTHING = Everything(
    real=0.1,
    count=-(2**40),
    flag=False,
    text='"\n',
    activation=Activation.RELU6,
    choice="b",
    pairs=((1, math.inf), (2, -0.0)),
    exactly=(5, "five"),
    window=WINDOW,
    optional=None,
    weights=np.zeros((0, 3), np.int8),
    scalar=np.array(7, np.int32),
)


def through_json(value: Everything) -> tuple[dict[str, Any], dict[str, AnyArray]]:
    writer = FieldWriter()
    return json.loads(json.dumps(writer.write_fields(value, "v"))), writer.arrays


@pytest.mark.parametrize("optional", [None, FORMAT])
def test_every_type_of_field_comes_back(optional: Quantization | None) -> None:
    value = replace(EVERYTHING, optional=optional)
    stored, arrays = through_json(value)
    found = FieldReader(arrays).read_fields(Everything, stored, "v")
    for entry in fields(value):
        assert_same(getattr(found, entry.name), getattr(value, entry.name))
    assert math.copysign(1.0, found.pairs[1][1]) == -1.0


@given(st.floats(allow_nan=False))
def test_floats_are_exact(real: float) -> None:
    stored, arrays = through_json(replace(EVERYTHING, real=real))
    assert FieldReader(arrays).read_fields(Everything, stored, "v").real == real


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("real", 1.5, "v.real is 1.5, not float"),
        ("real", "long", "not a float"),
        ("count", True, "v.count is True, not int"),
        ("count", 1.0, "not int"),
        ("flag", 1, "not bool"),
        ("text", 5, "not str"),
        ("activation", "GELU", "not one of"),
        ("choice", "c", "not one of"),
        ("pairs", {}, "not a list"),
        ("pairs", [[1]], "v.pairs.0 has 1 items, not 2"),
        ("exactly", [1, 2], "v.exactly.1 is 2, not str"),
        ("window", [], "v.window is not an object"),
        ("optional", 3, "v.optional is not an object"),
        ("weights", "v.nothing", "array 'v.nothing' of v.weights is missing"),
        ("weights", "v.scalar", "holds int32, not int8"),
    ],
)
def test_wrong_types_are_refused(name: str, wrong: object, message: str) -> None:
    stored, arrays = through_json(EVERYTHING)
    with pytest.raises(FieldError, match=message):
        FieldReader(arrays).read_fields(Everything, {**stored, name: wrong}, "v")


def test_tables_of_the_wrong_size_are_refused() -> None:
    model = one_op_model(instance(quant_op_classes()["QuantTanh"]))
    document, _ = save(model)
    writer = FieldWriter()
    writer.write(np.zeros(5, np.int8), "nodes.0.op.table")
    with pytest.raises(FieldError, match="op: a lookup table"):
        FieldReader(writer.arrays).read_fields(
            quant_op_classes()["QuantTanh"], json.loads(document)["nodes"][0]["op"], "op"
        )


def test_values_that_a_class_refuses() -> None:
    stored, arrays = through_json(EVERYTHING)
    stored["window"]["stride_rows"] = 0
    with pytest.raises(FieldError, match=r"v\.window: .*at least 1"):
        FieldReader(arrays).read_fields(Everything, stored, "v")


@pytest.mark.parametrize("value", [math.nan, 1j, [1], np.int64(3), {"a": 1}])
def test_types_that_cannot_be_written(value: object) -> None:
    with pytest.raises(InternalError, match=r"here: .* cannot be written"):
        FieldWriter().write(value, "here")


def damaged(edit: Edit) -> tuple[bytes, bytes]:
    document, arrays = save(one_op_model(instance(quant_op_classes()["QuantConv2d"])))
    content = json.loads(document)
    edit(content)
    return json.dumps(content).encode(), arrays


DAMAGES: tuple[tuple[Edit, str], ...] = (
    (lambda d: d.update(format_version=99), "format version 99; this program reads 3"),
    (lambda d: d.pop("format_version"), "format version None"),
    (lambda d: d.pop("rounding"), "'rounding' is missing"),
    (lambda d: d.update(rounding="triple"), "not one of"),
    (lambda d: d.update(nodes={}), "'nodes' is not a list"),
    (lambda d: d.update(nodes=[5]), "nodes.0 is not an object"),
    (lambda d: d["nodes"][0].pop("name"), "nodes.0 has keys"),
    (lambda d: d["nodes"][0].update({"class": "QuantNothing"}), "unknown operator class"),
    (lambda d: d["nodes"][0].update({"class": "QuantReshape"}), "missing .* unknown"),
    (lambda d: d["nodes"][0]["op"].pop("bias"), r"missing \['bias'\]"),
    (lambda d: d["nodes"][0]["op"].update(bias="nodes.7.op.bias"), "is missing"),
    (lambda d: d["nodes"][0].update(inputs=["z"]), r"reads \['z'\], not defined"),
    (lambda d: d["values"].pop(), r"values \['y'\] have no shape"),
    (lambda d: d["values"][0][1]["format"].update(scale="0x0p+0"), "scale 0.0"),
    (lambda d: d["values"][1][1].update(shape=[4]), "constant 'k' has shape"),
    (lambda d: d.update(constants=[["k"]]), "constants.0 has 1 items"),
)


@pytest.mark.parametrize(("edit", "message"), DAMAGES)
def test_damaged_json_is_refused(edit: Edit, message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        load(*damaged(edit))
    assert caught.value.remedy.startswith("compile the model again")
    assert caught.value.where == "quantized.json"


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"5", b"null"])
def test_what_is_not_json_is_refused(text: bytes) -> None:
    with pytest.raises(ModelError, match=r"quantized\.json"):
        load(text, save(one_op_model(QuantReshape((1, 4))))[1])


def test_truncated_or_changed_arrays_are_refused() -> None:
    document, arrays = save(one_op_model(QuantReshape((1, 4))))
    changed = arrays.replace(b"\x00\x01\x02\x03", b"\x00\x01\x02\x04")
    assert changed != arrays
    for wrong in (b"", arrays[:-30], arrays[: len(arrays) // 2], changed):
        with pytest.raises(ModelError, match=r"quantized\.npz is damaged"):
            load(document, wrong)


def test_pickled_arrays_are_refused() -> None:
    document, _ = save(one_op_model(QuantReshape((1, 4))))
    model = one_op_model(QuantReshape((1, 4)))
    objects = np.array([{}], dtype=object)
    with pytest.raises(ValueError, match="allow_pickle"):
        save(replace(model, constants={"k": objects}))
    member, packed = io.BytesIO(), io.BytesIO()
    np.save(member, objects, allow_pickle=True)
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("constants.0.npy", member.getvalue())
    with pytest.raises(ModelError, match=r"quantized\.npz is damaged"):
        load(document, packed.getvalue())
