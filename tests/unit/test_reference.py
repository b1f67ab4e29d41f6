"""The integer reference run over a network, and the ratio of signal to noise of its layers."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from cnnc.errors import InternalError
from cnnc.importer.data import Samples
from cnnc.ir.float_model import FloatModel, FloatNode, Port
from cnnc.ir.quant_model import QuantModel
from cnnc.ir.types import F32, I8, Activation, Shape
from cnnc.ops.add import Add
from cnnc.ops.concat import Concat
from cnnc.ops.fully_connected import FullyConnected
from cnnc.ops.reshape import Reshape
from cnnc.quantize.calibrate import calibrate
from cnnc.quantize.fixed_point import quantize_real
from cnnc.quantize.float_reference import run_float
from cnnc.quantize.quantize import quantize
from cnnc.quantize.sqnr import LARGEST_DB, layer_sqnr
from cnnc.simulator.reference import iterate_reference, run_outputs, run_reference

SHAPES: dict[str, Shape] = {"x": (1, 6), "k": (1, 4), "a": (1, 4), "b": (1, 4), "c": (1, 8)}


def model() -> FloatModel:
    """Return fully connected, plus a constant, joined with the sum's own operand, reshaped."""
    generator = np.random.default_rng(0)
    weight = generator.standard_normal((4, 6)).astype(np.float32)
    dense = FullyConnected(weight, np.zeros(4, np.float32), Activation.RELU)
    nodes = (
        FloatNode("dense", dense, ("x",), "a"),
        FloatNode("plus", Add(Activation.NONE), ("a", "k"), "b"),
        FloatNode("join", Concat(1), ("a", "b"), "c"),
        FloatNode("shape", Reshape((2, 4)), ("c",), "d"),
    )
    return FloatModel(
        name="net",
        inputs=(Port("x", "x", (1, 6), (0, 1)),),
        outputs=(Port("d", "d", (2, 4), (0, 1)), Port("b", "b", (1, 4), (0, 1))),
        nodes=nodes,
        constants={"k": generator.standard_normal((1, 4)).astype(np.float32)},
        shapes={**SHAPES, "d": (2, 4)},
    )


def samples(count: int, scale: float = 1.0) -> Samples:
    data = np.random.default_rng(1).standard_normal((count, 1, 6)).astype(np.float32)

    def source(size: int) -> Iterator[dict[str, F32]]:
        for start in range(0, count, size):
            yield {"x": data[start : start + size] * np.float32(scale)}

    return Samples(count, None, source)


def quantized() -> QuantModel:
    return quantize(model(), calibrate(model(), samples(50)))


def inputs(of: QuantModel, count: int) -> dict[str, I8]:
    batch = next(samples(count).batches(count))
    return {"x": quantize_real(batch["x"], of.values["x"].quantization)}


def test_every_value_in_execution_order() -> None:
    network = quantized()
    found = run_reference(network, inputs(network, 5))
    assert list(found) == ["x", *(node.output for node in network.nodes)]
    for name, array in found.items():
        assert array.shape == (5, *network.values[name].shape)
        assert array.dtype == np.int8


def test_values_are_what_the_ops_say() -> None:
    network = quantized()
    found = run_reference(network, inputs(network, 5))
    assert np.array_equal(found["c"].reshape(5, 2, 4), found["d"])
    assert np.array_equal(found["c"][..., 4:], found["join/requantize_1"])


def test_samples_do_not_see_each_other() -> None:
    network = quantized()
    given = inputs(network, 5)
    together = run_reference(network, given)
    alone = run_reference(network, {"x": given["x"][3:4]})
    for name, array in alone.items():
        assert np.array_equal(array[0], together[name][3])


def test_outputs_alone() -> None:
    network = quantized()
    given = inputs(network, 4)
    everything = run_reference(network, given)
    found = run_outputs(network, given)
    assert sorted(found) == ["b", "d"]
    assert all(np.array_equal(found[name], everything[name]) for name in found)


def test_constant_output_is_repeated() -> None:
    network = quantized()
    port = Port("k", "k", (1, 4), (0, 1))
    found = run_outputs(replace(network, outputs=(port,)), inputs(network, 3))
    assert np.array_equal(found["k"], np.stack([network.constants["k"]] * 3))


def test_rounding_of_the_model_is_used() -> None:
    generator = np.random.default_rng(5)
    double = quantized()
    given: dict[str, I8] = {"x": generator.integers(-128, 128, (500, 1, 6), dtype=np.int8)}
    single = replace(double, rounding="single")
    first, second = run_reference(double, given)["a"], run_reference(single, given)["a"]
    difference = np.abs(first.astype(np.int32) - second.astype(np.int32))
    assert difference.max() == 1


def test_wrong_shape_from_an_op_is_a_bug() -> None:
    network = quantized()
    values = {**network.values, "d": replace(network.values["d"], shape=(8,))}
    with pytest.raises(InternalError, match="reshape node 'shape' returned shape"):
        run_reference(replace(network, values=values), inputs(network, 2))


def test_missing_input_is_a_bug() -> None:
    with pytest.raises(InternalError, match="graph input 'x' needs"):
        next(iterate_reference(quantized(), {}))


def test_sqnr_is_the_ratio_of_energies() -> None:
    network = quantized()
    found = layer_sqnr(model(), network, samples(16))
    assert set(found) == {"x", "a", "b", "c", "d"}
    batch = next(samples(16).batches(16))["x"]
    format_ = network.values["x"].quantization
    noise = batch - format_.scale * (
        quantize_real(batch, format_).astype(np.float64) - format_.zero_point
    )
    expected = 10 * np.log10(np.square(batch).sum() / np.square(noise).sum())
    assert found["x"] == pytest.approx(expected, abs=0.01)
    assert all(25.0 < value < 60.0 for value in found.values())


def test_sqnr_uses_sixteen_samples_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def counted(network: FloatModel, given: dict[str, F32]) -> Iterator[tuple[str, F32]]:
        sizes.append(len(given["x"]))
        return run_float(network, given)

    monkeypatch.setattr("cnnc.quantize.sqnr.run_float", counted)
    layer_sqnr(model(), quantized(), samples(1000))
    assert sizes == [16]


def test_sqnr_without_signal_or_noise_is_finite() -> None:
    found = layer_sqnr(model(), quantized(), samples(3, scale=0.0))
    assert found["x"] == LARGEST_DB
    assert all(np.isfinite(list(found.values())))


def test_sqnr_leaves_out_values_of_another_shape() -> None:
    smaller = model()
    smaller = replace(smaller, nodes=smaller.nodes[:2], outputs=smaller.outputs[1:])
    assert set(layer_sqnr(smaller, quantized(), samples(4))) == {"x", "a", "b"}


def test_noise_is_measured_all_over_the_data() -> None:
    silent = np.zeros((1000, 1, 6), np.float32)
    loud = silent.copy()
    loud[16:] = np.random.default_rng(2).standard_normal((984, 1, 6))

    def given(data: F32) -> Samples:
        def source(size: int) -> Iterator[dict[str, F32]]:
            for start in range(0, len(data), size):
                yield {"x": data[start : start + size]}

        return Samples(len(data), None, source)

    assert layer_sqnr(model(), quantized(), given(silent))["x"] == LARGEST_DB
    assert layer_sqnr(model(), quantized(), given(loud))["x"] < 60.0
