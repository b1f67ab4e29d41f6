"""The .tflite file: what the schema asks for, and what both runtimes make of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import pytest
import tflite
from tests.passes.integer_network import FORMAT, OTHER, IntegerNetwork, random_int8

from cnnc.codegen.tflite import (
    NotCompared,
    NotExpressibleError,
    TfliteExport,
    TfliteGraph,
    TfliteOperands,
    TfliteOptions,
    export_tflite,
)
from cnnc.errors import InternalError
from cnnc.ir.quant_model import QuantValue
from cnnc.ir.types import I8, AnyArray, Quantization
from cnnc.ops.reshape import QuantReshape
from cnnc.simulator.reference import run_reference
from cnnc.simulator.tflite_runtime import TfliteRuntime, TfliteSession, installed_runtimes

Table: TypeAlias = Any
"""A table of the untyped schema binding."""
BINDING: Table = tflite
RUNTIMES = pytest.mark.parametrize("runtime", installed_runtimes(), ids=str)
IMAGE = QuantValue((1, 4, 4, 2), FORMAT)


@dataclass(frozen=True, eq=False)
class Unwritable(QuantReshape):
    """Adds something to the graph before it finds that it cannot be written."""

    def export_tflite(self, graph: TfliteGraph, operands: TfliteOperands) -> None:
        """Leave a constant and an operator behind, then refuse."""
        graph.reshape(operands.inputs[0], self.shape, graph.intermediate(self.shape, FORMAT))
        raise NotExpressibleError("for the test")


@dataclass(frozen=True, eq=False)
class Forgetful(QuantReshape):
    """Writes nothing."""

    def export_tflite(self, graph: TfliteGraph, operands: TfliteOperands) -> None:
        """Define no output."""


def parse(data: bytes) -> Table:
    """Return the root table of a file."""
    return BINDING.Model.GetRootAs(data, 0)


def run(runtime: TfliteRuntime, data: bytes, *inputs: AnyArray) -> list[AnyArray]:
    """Run one sample."""
    session = TfliteSession(runtime, data)
    return next(iter(session.run([array[np.newaxis] for array in inputs])))


def convolution_graph() -> tuple[TfliteGraph, int, int]:
    """Return a graph of one convolution with scales per channel, its input and its output."""
    graph = TfliteGraph()
    source = graph.activation("x", IMAGE)
    scales = (0.01, 0.02, 0.04)
    weight = graph.constant(random_int8(1, 3, 1, 1, 2), scales)
    bias = graph.constant(np.array([1, -2, 3], np.int32), [0.5 * scale for scale in scales])
    output = graph.activation("y", QuantValue((1, 4, 4, 3), OTHER))
    options = TfliteOptions("Conv2DOptions", {"StrideH": 1, "StrideW": 1, "Padding": 1})
    graph.operator("CONV_2D", [source, weight, bias], output, options, version=3)
    return graph, source, output


def buffer_offsets(data: bytes) -> list[int]:
    """Return where the contents of each buffer that has any start in the file."""
    model = parse(data)
    buffers = [model.Buffers(index) for index in range(model.BuffersLength())]
    return [data.index(buffer.DataAsNumpy().tobytes()) for buffer in buffers if buffer.DataLength()]


def test_file_identifier_and_version() -> None:
    graph, source, output = convolution_graph()
    data = graph.file([source], [output])
    assert data[4:8] == b"TFL3"
    assert parse(data).Version() == 3


def test_the_same_graph_gives_the_same_bytes() -> None:
    first, second = convolution_graph(), convolution_graph()
    assert first[0].file([first[1]], [first[2]]) == second[0].file([second[1]], [second[2]])


def test_the_first_buffer_is_empty_and_the_others_are_aligned() -> None:
    graph = TfliteGraph()
    source = graph.activation("x", IMAGE)
    arrays = [random_int8(seed, 16 + seed) for seed in range(1, 9)]
    for array in arrays:
        graph.constant(array, (0.5,))
    data = graph.file([source], [source])
    assert parse(data).Buffers(0).DataLength() == 0
    offsets = buffer_offsets(data)
    assert len(offsets) == len(arrays)
    assert {offset % 16 for offset in offsets} == {0}


def test_equal_constants_share_a_buffer() -> None:
    graph = TfliteGraph()
    first, second = (graph.constant(random_int8(1, 5), (scale,)) for scale in (0.5, 0.25))
    subgraph = parse(graph.file([], [])).Subgraphs(0)
    assert subgraph.Tensors(first).Buffer() == subgraph.Tensors(second).Buffer() == 1


def test_tensors_carry_shape_type_and_format() -> None:
    graph, source, output = convolution_graph()
    subgraph = parse(graph.file([source], [output])).Subgraphs(0)
    image, weight, bias = (subgraph.Tensors(index) for index in range(3))
    assert image.Type() == BINDING.TensorType.INT8
    assert image.ShapeAsNumpy().tolist() == [1, 4, 4, 2]
    assert image.Quantization().ScaleAsNumpy().tolist() == [0.5]
    assert image.Quantization().ZeroPointAsNumpy().tolist() == [3]
    assert weight.Quantization().ScaleLength() == 3
    assert weight.Quantization().ZeroPointAsNumpy().tolist() == [0, 0, 0]
    assert bias.Type() == BINDING.TensorType.INT32


def test_a_scalar_has_rank_zero() -> None:
    graph = TfliteGraph()
    scalar = graph.constant(np.array(7, np.int32))
    tensor = parse(graph.file([], [])).Subgraphs(0).Tensors(scalar)
    assert tensor.HasRank()
    assert tensor.ShapeLength() == 0


def test_operator_codes_are_listed_once_per_version() -> None:
    graph = TfliteGraph()
    tensors = [graph.activation(f"t{index}", IMAGE) for index in range(5)]
    for version, (source, target) in zip((2, 2, 3), pairwise(tensors), strict=False):
        graph.operator("ADD", [source, source], target, TfliteOptions("AddOptions", {}), version)
    graph.operator("GELU", [tensors[3]], tensors[4], TfliteOptions("GeluOptions", {}), 2)
    model = parse(graph.file(tensors[:1], tensors[4:]))
    codes = [model.OperatorCodes(index) for index in range(model.OperatorCodesLength())]
    operators = [model.Subgraphs(0).Operators(index) for index in range(4)]
    assert [code.BuiltinCode() for code in codes] == [0, 0, BINDING.BuiltinOperator.GELU]
    assert [code.DeprecatedBuiltinCode() for code in codes] == [0, 0, 127]
    assert [code.Version() for code in codes] == [2, 3, 2]
    assert [operator.OpcodeIndex() for operator in operators] == [0, 0, 1, 2]


def test_an_unknown_option_is_a_bug() -> None:
    graph = TfliteGraph()
    source = graph.activation("x", IMAGE)
    graph.operator("ADD", [source, source], source, TfliteOptions("AddOptions", {"Stride": 1}))
    with pytest.raises(InternalError, match=r"no AddOptions with fields \['Stride'\]"):
        graph.file([source], [source])


def test_scales_that_fit_no_axis_are_a_bug() -> None:
    with pytest.raises(InternalError, match="2 scales for axis 0"):
        TfliteGraph().constant(random_int8(1, 3, 2), (0.5, 0.25))


@RUNTIMES
def test_scales_per_channel_are_understood(runtime: TfliteRuntime) -> None:
    graph, source, output = convolution_graph()
    image = random_int8(5, 1, 4, 4, 2)
    (found,) = run(runtime, graph.file([source], [output]), image)
    weight = random_int8(1, 3, 1, 1, 2).reshape(3, 2).astype(np.int64)
    sums = (image.astype(np.int64) - FORMAT.zero_point) @ weight.T + [1, -2, 3]
    real = sums * FORMAT.scale * np.array([0.01, 0.02, 0.04])
    expected = np.clip(real / OTHER.scale + OTHER.zero_point, -128, 127)
    assert np.abs(found.astype(np.float64) - expected).max() <= 0.51


def network() -> IntegerNetwork:
    """Return x [1, 4] -> v0 [2, 2] -> v1, in another format -> v2 [4, 1]."""
    net = IntegerNetwork((1, 4))
    other = net.requantize(OTHER, net.add(QuantReshape((2, 2)), FORMAT, "x"))
    net.add(QuantReshape((4, 1)), OTHER, other)
    return net


def check_outputs(
    runtime: TfliteRuntime, net: IntegerNetwork, outputs: Sequence[str], all_outputs: bool
) -> TfliteExport:
    """Run the export on the reference's bytes and compare every output with the reference."""
    model = net.model(*outputs)
    export = export_tflite(model, all_outputs)
    inputs: dict[str, I8] = {"x": random_int8(3, 1, *model.values["x"].shape)}
    reference = run_reference(model, inputs)
    fed = [reference[name][0] for name in ("x", *export.extra_inputs)]
    for name, found in zip(export.outputs, run(runtime, export.data, *fed), strict=True):
        np.testing.assert_array_equal(found, reference[name][0])
    return export


@RUNTIMES
def test_the_outputs_of_the_model_alone(runtime: TfliteRuntime) -> None:
    export = check_outputs(runtime, network(), ["v2"], all_outputs=False)
    assert export.outputs == ("v2",)
    assert not export.extra_inputs
    assert not export.not_expressible


@RUNTIMES
def test_every_value_as_an_output(runtime: TfliteRuntime) -> None:
    export = check_outputs(runtime, network(), ["v1"], all_outputs=True)
    assert export.outputs == ("v0", "v1", "v2")


@RUNTIMES
def test_what_cannot_be_written_becomes_an_input(runtime: TfliteRuntime) -> None:
    net = IntegerNetwork((1, 4))
    odd = net.add(Unwritable((2, 2)), FORMAT, net.add(QuantReshape((4,)), FORMAT, "x"))
    final = net.requantize(OTHER, odd)
    export = check_outputs(runtime, net, [final], all_outputs=True)
    assert export.outputs == ("v0", "v2")
    assert export.extra_inputs == ("v1",)
    assert export.not_expressible == (NotCompared("n1", "unwritable", "for the test"),)


def test_nothing_of_a_refused_operator_remains() -> None:
    net = IntegerNetwork((1, 4))
    net.add(Unwritable((2, 2)), FORMAT, "x")
    subgraph = parse(export_tflite(net.model("v0")).data).Subgraphs(0)
    assert subgraph.OperatorsLength() == 0
    assert [subgraph.Tensors(index).Name() for index in range(subgraph.TensorsLength())] == [
        b"x",
        b"v0",
    ]
    assert subgraph.InputsAsNumpy().tolist() == [0, 1]
    assert subgraph.OutputsLength() == 0


def test_an_op_that_writes_nothing_is_a_bug() -> None:
    net = IntegerNetwork((1, 4))
    net.add(Forgetful((2, 2)), FORMAT, "x")
    with pytest.raises(InternalError, match="TFLite export of forgetful defines no output"):
        export_tflite(net.model("v0"))


@RUNTIMES
def test_constant_operands_and_outputs(runtime: TfliteRuntime) -> None:
    net = IntegerNetwork((1, 4))
    constant = net.constant(random_int8(2, 2, 2), OTHER)
    shaped = net.add(QuantReshape((4,)), OTHER, constant)
    kept = net.add(QuantReshape((1, 1, 4)), FORMAT, "x")
    export = check_outputs(runtime, net, [shaped, kept], all_outputs=False)
    assert export.outputs == (shaped, kept)


@RUNTIMES
def test_formats_reach_the_runtime(runtime: TfliteRuntime) -> None:
    graph = TfliteGraph()
    quantization = Quantization(float(np.float32(0.1)), -128)
    source = graph.activation("x", QuantValue((1, 3), quantization))
    graph_output = graph.intermediate((3, 1), quantization)
    graph.reshape(source, (3, 1), graph_output)
    interpreter = runtime.module.Interpreter(model_content=graph.file([source], [graph_output]))
    assert interpreter.get_input_details()[0]["quantization"] == (quantization.scale, -128)
    assert interpreter.get_output_details()[0]["quantization"] == (quantization.scale, -128)
