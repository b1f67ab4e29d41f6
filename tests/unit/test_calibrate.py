"""Calibration of a whole network, and the float run that it watches."""

import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from tests.support.stub_ops import Joined, Kept, Ranged, network

from cnnc.errors import CalibrationError, InternalError
from cnnc.importer.data import Samples, synthetic_samples
from cnnc.ir.float_model import FloatModel, FloatNode, Port
from cnnc.ir.op import FloatOp
from cnnc.ir.types import F32, Shape
from cnnc.ops.softmax import Softmax
from cnnc.quantize.calibrate import DEFAULT_METHOD, batch_size, calibrate
from cnnc.quantize.float_reference import run_float
from cnnc.quantize.ranges import ValueRange


@dataclass(frozen=True, eq=False)
class Cubed(Ranged):
    """y = x^3: a few values are far from all others."""

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Return the cube."""
        return inputs[0] ** 3


@dataclass(frozen=True, eq=False)
class Reciprocal(Ranged):
    """y = 1 / x, infinite at 0."""

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Return the reciprocal."""
        return np.float32(1) / inputs[0]


@dataclass(frozen=True, eq=False)
class Summed(Ranged):
    """y = sum of the operands."""

    def evaluate(self, inputs: Sequence[F32]) -> F32:
        """Return the sum."""
        total = inputs[0].copy()
        for operand in inputs[1:]:
            total += operand
        return total


def given(*rows: Sequence[float]) -> Samples:
    """Return samples for an input ``x`` of shape (1, 4)."""
    data = np.array(rows, np.float32).reshape(-1, 1, 4)

    def source(size: int) -> Iterator[dict[str, F32]]:
        for start in range(0, len(data), size):
            yield {"x": data[start : start + size]}

    return Samples(len(data), None, source)


def normal_samples(count: int) -> Samples:
    return given(*np.random.default_rng(0).standard_normal((count, 4)).tolist())


def test_ranges_of_inputs_constants_and_results() -> None:
    constant = np.array([[3.0, 5.0, 4.0, 3.0]], np.float32)
    model = network(
        ("a", Cubed(), "x"), ("b", Summed(), "a k"), outputs="b", constants={"k": constant}
    )
    found = calibrate(model, given([-2, 1, 0, 0.5], [1, 1, 3, 1]), "minmax")
    assert dict(found.ranges) == {
        "x": ValueRange(-2.0, 3.0),
        "k": ValueRange(0.0, 5.0),
        "a": ValueRange(-8.0, 27.0),
        "b": ValueRange(-5.0, 31.0),
    }
    assert (found.samples, found.method) == (2, "minmax")


def test_default_method() -> None:
    model = network(("a", Cubed(), "x"), outputs="a")
    assert calibrate(model, normal_samples(3)).method == DEFAULT_METHOD == "percentile"


@pytest.mark.parametrize("method", ["percentile", "mse"])
def test_only_inner_values_are_clipped(method: str) -> None:
    model = network(("a", Cubed(), "x"), ("b", Cubed(), "a"), ("c", Kept(), "b"), outputs="c")
    samples = normal_samples(20_000)
    full = calibrate(model, samples, "minmax").ranges
    found = calibrate(model, samples, method).ranges  # type: ignore[arg-type]
    assert found["x"] == full["x"]
    assert found["a"].high < full["a"].high
    # The output's format is the one of the value that it is made from.
    assert (found["b"], found["c"]) == (full["b"], full["c"])


def test_logits_are_not_clipped() -> None:
    softmax: FloatOp = Softmax(1)
    model = network(("a", Cubed(), "x"), ("b", Kept(), "a"), ("c", softmax, "b"), outputs="c")
    samples = normal_samples(20_000)
    found, full = (
        calibrate(model, samples, "mse").ranges,
        calibrate(model, samples, "minmax").ranges,
    )
    assert found["a"] == full["a"]
    assert found["b"] == full["b"]


def test_progress_counts_samples() -> None:
    model = network(("a", Cubed(), "x"), outputs="a")
    seen: list[tuple[int, int]] = []
    calibrate(model, normal_samples(150), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(64, 150), (128, 150), (150, 150)]


def test_infinite_activation_names_node_and_sample() -> None:
    model = network(("a", Reciprocal(), "x"), outputs="a")
    rows = [[1.0, 2.0, 3.0, 4.0]] * 70
    rows[67] = [1.0, 0.0, 3.0, 4.0]
    with pytest.raises(CalibrationError, match=r"reciprocal node 'node_a' .* sample 67") as caught:
        calibrate(model, given(*rows))
    assert caught.value.where == "node_a"
    assert "scaled as in training" in caught.value.remedy


def test_nan_in_an_input_names_the_sample() -> None:
    model = network(("a", Cubed(), "x"), outputs="a")
    with pytest.raises(CalibrationError, match="sample 1 holds NaN or infinity in input 'x'"):
        calibrate(model, given([1, 1, 1, 1], [1, np.nan, 1, 1]))


def test_no_samples() -> None:
    model = network(("a", Cubed(), "x"), outputs="a")
    with pytest.raises(CalibrationError, match="no samples"):
        calibrate(model, given())


def large_network(pixels: int) -> FloatModel:
    shape: Shape = (1, pixels)
    return FloatModel(
        name="net",
        inputs=(Port("x", "x", shape, (0, 1)),),
        outputs=(Port("y", "y", shape, (0, 1)),),
        nodes=(FloatNode("node", Cubed(), ("x",), "y"),),
        constants={},
        shapes={"x": shape, "y": shape},
    )


def test_batches_of_large_tensors_are_small() -> None:
    assert batch_size(large_network(1000)) == 64
    assert batch_size(large_network(2**20)) == 8
    assert batch_size(large_network(2**26)) == 1


def test_memory_does_not_grow_with_the_number_of_samples() -> None:
    model = large_network(20_000)

    def peak(count: int) -> int:
        tracemalloc.start()
        calibrate(model, synthetic_samples(model.inputs, count, 0))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(64)
    assert peak(640) < 1.2 * peak(128)


def test_float_run_yields_every_value_in_order() -> None:
    constant = np.ones((1, 4), np.float32)
    model = network(
        ("a", Cubed(), "x"), ("b", Summed(), "a k x"), outputs="b", constants={"k": constant}
    )
    x = np.full((3, 1, 4), 2.0, np.float32)
    found = list(run_float(model, {"x": x}))
    assert [name for name, _ in found] == ["x", "a", "b"]
    assert found[-1][1].tolist() == np.full((3, 1, 4), 11.0).tolist()


def test_float_run_reads_a_value_twice() -> None:
    model = network(("a", Summed(), "x x"), ("b", Summed(), "a x"), outputs="b")
    found = dict(run_float(model, {"x": np.ones((2, 1, 4), np.float32)}))
    assert found["b"].tolist() == np.full((2, 1, 4), 3.0).tolist()


def test_float_run_lets_values_go() -> None:
    length = 30
    nodes = [(f"v{k}", Cubed(), "x" if k == 0 else f"v{k - 1}") for k in range(length)]
    model = network(*nodes, outputs=f"v{length - 1}")
    x = np.zeros((50_000, 1, 4), np.float32)
    tracemalloc.start()
    for _ in run_float(model, {"x": x}):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * x.nbytes


@pytest.mark.parametrize("wrong", [{}, {"x": np.zeros((2, 4), np.float32)}])
def test_float_run_with_wrong_inputs_is_a_bug(wrong: dict[str, F32]) -> None:
    model = network(("a", Cubed(), "x"), outputs="a")
    with pytest.raises(InternalError, match="graph input 'x' needs"):
        list(run_float(model, wrong))


def test_ends_of_ranges_do_not_depend_on_last_bits() -> None:
    model = network(("a", Ranged(), "x"), outputs="a")
    value = np.float32(1.23456789)
    above = np.nextafter(value, np.float32(2))
    first, second = (
        calibrate(model, given([-3.0 * float(top), 0.0, 0.5, float(top)])) for top in (value, above)
    )
    assert dict(first.ranges) == dict(second.ranges)
    assert first.ranges["a"].high == pytest.approx(float(value), rel=2.0**-16)
    assert first.ranges["a"].low == pytest.approx(-3 * float(value), rel=2.0**-16)


def test_operands_of_a_concat_that_is_an_output_are_not_clipped() -> None:
    model = network(("a", Cubed(), "x"), ("b", Ranged(), "x"), ("c", Joined(), "a b"), outputs="c")
    rows = np.random.default_rng(0).standard_normal((20_000, 4)).tolist()
    found = calibrate(model, given(*rows), "percentile").ranges
    widest = calibrate(model, given(*rows), "minmax").ranges
    assert found["a"] == widest["a"]
