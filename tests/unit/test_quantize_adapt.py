"""Weights that are chosen so that int8 errors cancel."""

import tracemalloc
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from onnx import TensorProto
from tests.support import onnx_models as make
from tests.support.onnx_cases import import_proto

from cnnc.importer.data import Samples, synthetic_samples
from cnnc.ir.float_model import FloatModel, FloatNode, Port
from cnnc.ir.op import FloatOp, WeightedOp
from cnnc.ir.types import F32, F64, Activation, Shape, Window
from cnnc.ops.add import Add
from cnnc.ops.conv2d import Conv2d
from cnnc.ops.depthwise_conv2d import DepthwiseConv2d
from cnnc.ops.fully_connected import FullyConnected
from cnnc.ops.mean import Mean
from cnnc.ops.softmax import Softmax
from cnnc.quantize.adapt import adapt_weights
from cnnc.quantize.calibrate import calibrate
from cnnc.quantize.quantize import quantize
from cnnc.quantize.sampling import spread_indices, spread_samples
from cnnc.quantize.sqnr import layer_sqnr

WINDOW = Window(3, 2, stride_rows=2, dilation_cols=2, pad_top=1, pad_right=2)
IMAGE: Shape = (2, 5, 6, 4)


def reals(seed: int, *shape: int) -> F32:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


LAYERS: tuple[tuple[WeightedOp, Shape], ...] = (
    (Conv2d(reals(0, 6, 3, 2, 4), reals(1, 6), Activation.NONE, WINDOW, 1), IMAGE),
    (Conv2d(reals(2, 6, 3, 2, 2), reals(3, 6), Activation.NONE, WINDOW, 2), IMAGE),
    (Conv2d(reals(4, 3, 1, 1, 4), reals(5, 3), Activation.NONE, Window(1, 1), 1), IMAGE),
    (DepthwiseConv2d(reals(6, 3, 2, 4), reals(7, 4), Activation.NONE, WINDOW, 1), IMAGE),
    (DepthwiseConv2d(reals(8, 3, 2, 12), reals(9, 12), Activation.NONE, WINDOW, 3), IMAGE),
    (FullyConnected(reals(10, 5, 7), reals(11, 5), Activation.NONE), (2, 7)),
)


@pytest.mark.parametrize(("op", "shape"), LAYERS)
def test_unfolded_layer_is_a_product_of_matrices(op: WeightedOp, shape: Shape) -> None:
    operand = reals(20, 3, *shape)
    rows = op.unfold(operand)
    product = np.matmul(rows, op.weight_matrix().transpose(0, 2, 1))
    joined = np.concatenate(list(product), axis=-1) + op.bias
    expected = op.evaluate([operand])
    np.testing.assert_allclose(joined.reshape(expected.shape), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("op", "shape"), LAYERS)
def test_weights_go_back_where_they_came_from(op: WeightedOp, shape: Shape) -> None:
    again = op.with_weights(op.weight_matrix(), op.bias + 1)
    assert type(again) is type(op)
    assert np.array_equal(again.weight, op.weight)
    np.testing.assert_allclose(
        again.evaluate([reals(21, 1, *shape)]),
        op.evaluate([reals(21, 1, *shape)]) + 1,
        rtol=1e-4,
        atol=1e-4,
    )


def residual_network() -> FloatModel:
    """Return conv, depthwise, sum with the conv and with a constant, mean, fully connected."""
    ops: tuple[tuple[str, FloatOp, tuple[str, ...]], ...] = (
        (
            "a",
            Conv2d(reals(80, 8, 3, 3, 1), reals(81, 8), Activation.RELU, Window(3, 3), 1),
            ("x",),
        ),
        (
            "b",
            DepthwiseConv2d(
                reals(82, 3, 3, 8),
                reals(83, 8),
                Activation.NONE,
                Window(3, 3, pad_top=1, pad_bottom=1, pad_left=1, pad_right=1),
                1,
            ),
            ("a",),
        ),
        ("c", Add(Activation.RELU), ("a", "b")),
        ("d", Add(Activation.NONE), ("c", "k")),
        ("e", Mean((1, 2), keep_dims=False), ("d",)),
        ("f", FullyConnected(reals(84, 6, 8), reals(85, 6), Activation.NONE), ("e",)),
    )
    constants = {"k": reals(86, 1, 1, 1, 8)}
    shapes: dict[str, Shape] = {"x": (1, 8, 8, 1), "k": (1, 1, 1, 8)}
    nodes = []
    for output, op, inputs in ops:
        shapes[output] = op.output_shape([shapes[name] for name in inputs])
        nodes.append(FloatNode(f"node_{output}", op, inputs, output))
    return FloatModel(
        name="net",
        inputs=(Port("x", "x", (1, 1, 8, 8), (0, 2, 3, 1)),),
        outputs=(Port("f", "f", (1, 6), (0, 1)),),
        nodes=tuple(nodes),
        constants=constants,
        shapes=shapes,
    )


def test_adapted_network_is_closer_to_the_float_model() -> None:
    model = residual_network()
    samples = synthetic_samples(model.inputs, 100, 1)
    ranges = calibrate(model, samples)
    steps: list[tuple[int, int]] = []
    fitted = adapt_weights(model, ranges, samples, lambda done, total: steps.append((done, total)))
    unseen = synthetic_samples(model.inputs, 16, 2)
    before = layer_sqnr(model, quantize(model, ranges), unseen)
    after = layer_sqnr(model, quantize(fitted, ranges), unseen)
    assert after["f"] > before["f"]
    assert sum(after.values()) > sum(before.values())
    assert steps[-1] == (6, 6)
    assert [node.name for node in fitted.nodes] == [node.name for node in model.nodes]


def test_same_data_give_the_same_weights() -> None:
    model = residual_network()
    samples = synthetic_samples(model.inputs, 20, 1)
    ranges = calibrate(model, samples)
    first, second = (adapt_weights(model, ranges, samples) for _ in range(2))
    for left, right in zip(first.nodes, second.nodes, strict=True):
        if isinstance(left.op, WeightedOp) and isinstance(right.op, WeightedOp):
            assert np.array_equal(left.op.weight, right.op.weight)
            assert np.array_equal(left.op.bias, right.op.bias)


def test_number_of_samples_follows_what_is_alive_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = residual_network()
    # x 64, a 288; b 288: a is still alive for the sum, whose result is added: 3 times 288.
    monkeypatch.setattr("cnnc.quantize.adapt.LIVE_BYTES", 20 * 5 * 3 * 288 + 1000)
    used: list[int] = []

    def record(samples: Samples, limit: int, size: int) -> dict[str, F32]:
        used.append(limit)
        return spread_samples(samples, limit, size)

    monkeypatch.setattr("cnnc.quantize.adapt.spread_samples", record)
    samples = synthetic_samples(model.inputs, 1000, 1)
    adapt_weights(model, calibrate(model, samples), samples)
    assert used == [20]


def test_deep_skip_connections_stay_within_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes: list[FloatNode] = []
    shapes: dict[str, Shape] = {"x": (1, 16, 16, 8)}

    def add(output: str, op: FloatOp, *inputs: str) -> str:
        shapes[output] = op.output_shape([shapes[name] for name in inputs])
        nodes.append(FloatNode(f"node_{output}", op, inputs, output))
        return output

    layers = ["x"]
    for index in range(20):
        weight = np.float32(0.3) * reals(index, 8, 1, 1, 8)
        op = Conv2d(weight, reals(index, 8), Activation.NONE, Window(1, 1), 1)
        layers.append(add(f"c{index}", op, layers[-1]))
    last = layers.pop()
    while len(layers) > 1:
        last = add(f"s{len(layers)}", Add(Activation.NONE), last, layers.pop())
    port = Port("x", "x", (1, 16, 16, 8), (0, 1, 2, 3))
    out = Port("y", last, (1, 16, 16, 8), (0, 1, 2, 3))
    model = FloatModel("net", (port,), (out,), tuple(nodes), {}, shapes)
    samples = synthetic_samples(model.inputs, 300, 1)
    ranges = calibrate(model, samples)
    monkeypatch.setattr("cnnc.quantize.adapt.LIVE_BYTES", 8 * 2**20)
    monkeypatch.setattr("cnnc.quantize.adapt.EVALUATED_ELEMENTS", 2**13)
    monkeypatch.setattr("cnnc.quantize.adapt.CHUNK_BYTES", 2**20)
    tracemalloc.start()
    adapt_weights(model, ranges, samples)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * 2**20


def chain(operand: Shape, *ops: FloatOp) -> FloatModel:
    """Return the ops one after the other."""
    shapes: dict[str, Shape] = {"v0": operand}
    nodes: list[FloatNode] = []
    for number, op in enumerate(ops):
        source, result = f"v{number}", f"v{number + 1}"
        shapes[result] = op.output_shape([shapes[source]])
        nodes.append(FloatNode(f"node_{result}", op, (source,), result))
    output = nodes[-1].output
    return FloatModel(
        name="chain",
        inputs=(Port("x", "v0", operand, tuple(range(len(operand)))),),
        outputs=(Port("y", output, shapes[output], tuple(range(len(shapes[output])))),),
        nodes=tuple(nodes),
        constants={},
        shapes=shapes,
    )


def given(model: FloatModel, data: F32) -> Samples:
    def source(size: int) -> Iterator[dict[str, F32]]:
        for begin in range(0, len(data), size):
            yield {model.inputs[0].name: data[begin : begin + size]}

    return Samples(len(data), None, source)


def dead_channel() -> FloatModel:
    """Return conv with a channel that is 0.3 whatever the input, relu, depthwise, fully connected.

    The depthwise filter of the dead channel reads a constant.
    """
    weight = reals(100, 4, 3, 3, 3)
    weight[2] = 0.0
    return chain(
        (1, 8, 8, 3),
        Conv2d(weight, np.full(4, 0.3, np.float32), Activation.RELU, Window(3, 3), 1),
        DepthwiseConv2d(reals(101, 3, 3, 4), reals(102, 4), Activation.NONE, Window(3, 3), 1),
        Mean((1, 2), keep_dims=False),
        FullyConnected(reals(103, 5, 4), reals(104, 5), Activation.NONE),
        Softmax(1),
        FullyConnected(reals(105, 5, 5), reals(106, 5), Activation.NONE),
    )


@pytest.mark.parametrize(
    "values",
    [
        reals(110, 256, 1, 8, 8, 3),
        np.full((256, 1, 8, 8, 3), 255.0, np.float32),
        np.full((256, 1, 8, 8, 3), 0.7, np.float32),
        np.full((256, 1, 8, 8, 3), -123.456, np.float32),
        np.float32(1000) + np.float32(0.01) * reals(111, 256, 1, 8, 8, 3),
        np.float32(1e30) * reals(112, 256, 1, 8, 8, 3),
        np.float32(1e-30) * reals(113, 256, 1, 8, 8, 3),
        reals(114, 1, 1, 8, 8, 3),
    ],
    ids=["noise", "white", "grey", "negative", "nearly 1000", "huge", "tiny", "one sample"],
)
def test_data_that_hardly_vary_are_no_obstacle(values: F32) -> None:
    model = dead_channel()
    samples = given(model, values)
    ranges = calibrate(model, samples)
    fitted = adapt_weights(model, ranges, samples)
    found = layer_sqnr(model, quantize(fitted, ranges), samples)
    plain = layer_sqnr(model, quantize(model, ranges), samples)
    assert found["v1"] > min(plain["v1"] - 3.0, 40.0)
    for node in fitted.nodes:
        if isinstance(node.op, WeightedOp):
            assert np.isfinite(node.op.weight).all()
            assert np.isfinite(node.op.bias).all()


def test_failed_fit_is_told_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    model = dead_channel()
    samples = given(model, reals(120, 20, 1, 8, 8, 3))

    def fail(*_: object) -> F64:
        raise np.linalg.LinAlgError

    monkeypatch.setattr("cnnc.quantize.compensate._upper_factor", fail)
    fitted = adapt_weights(model, calibrate(model, samples), samples)
    assert fitted.nodes == model.nodes
    assert "node_v1: the fit failed" in caplog.text


def test_samples_come_from_all_over_the_data() -> None:
    for count in (1, 5, 16, 17, 100, 2560):
        indices = spread_indices(count, 16)
        assert len(indices) == min(count, 16)
        assert (np.diff(indices) > 0).all()
        assert indices[0] >= 0
        assert indices[-1] < count
        parts = indices * 16 // count if count > 16 else np.arange(len(indices))
        assert len(set(parts.tolist())) > 0.8 * len(indices)


@pytest.mark.parametrize("period", [2, 4, 10, 16])
def test_samples_meet_all_classes_of_a_file_in_which_they_take_turns(period: int) -> None:
    classes = spread_indices(160 * 16, 160) % period
    assert np.bincount(classes, minlength=period).min() > 0.4 * 160 / period


def test_spread_samples_are_read_in_batches() -> None:
    model = residual_network()
    samples = synthetic_samples(model.inputs, 1000, 1)
    everything = next(samples.batches(1000))["x"]
    found = spread_samples(samples, 30, 1000)["x"]
    np.testing.assert_array_equal(found, everything[spread_indices(1000, 30)])
    read: list[int] = []
    spread_samples(_counting(samples, read.append), 30, 64)
    assert max(read) == 64


def _counting(samples: Samples, record: Callable[[int], None]) -> Samples:
    def source(size: int) -> Iterator[dict[str, F32]]:
        for batch in samples.source(size):
            record(len(batch["x"]))
            yield batch

    return Samples(samples.count, None, source)


def test_layer_behind_one_on_real_numbers_is_adapted() -> None:
    nodes = [
        make.node("LRN", "x", "n", size=3, alpha=0.5, beta=0.5),
        make.node("Conv", "n w", "y", pads=[1, 1, 1, 1]),
    ]
    weights = {"w": reals(5, 4, 3, 3, 3)}
    model = import_proto(make.model(nodes, {"x": (1, 3, 6, 6)}, weights=weights))
    samples = synthetic_samples(model.inputs, 8, seed=0)

    adapted = adapt_weights(model, calibrate(model, samples), samples)

    before, after = (network.nodes[-1].op for network in (model, adapted))
    assert isinstance(before, WeightedOp)
    assert isinstance(after, WeightedOp)
    assert not np.array_equal(before.weight, after.weight)


def test_bytes_are_read_as_they_are() -> None:
    nodes = [
        make.node("Cast", "x", "c", to=TensorProto.FLOAT),
        make.node("Conv", "c w", "y", pads=[1, 1, 1, 1]),
    ]
    proto = make.model(nodes, {"x": (1, 3, 6, 6)}, weights={"w": reals(5, 4, 3, 3, 3)})
    proto.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    model = import_proto(proto)
    samples = synthetic_samples(model.inputs, 64, seed=0, types=model.types)
    ranges = calibrate(model, samples)

    adapted = adapt_weights(model, ranges, samples)

    rounded = layer_sqnr(model, quantize(model, ranges), samples)
    fitted = layer_sqnr(model, quantize(adapted, ranges), samples)
    assert fitted["y"] > rounded["y"] - 1.0


def test_number_of_samples_follows_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    model = import_proto(
        make.model(
            [make.node("Conv", "x w", "y")],
            {"x": (1, 3, 6, 6)},
            weights={"w": reals(5, 4, 3, 3, 3)},
        )
    )
    assert model.macs() == 16 * 4 * 27
    samples = synthetic_samples(model.inputs, 8, seed=0)
    ranges = calibrate(model, samples)
    few = Samples(2, None, lambda size: spread(samples, size))

    def spread(source: Samples, size: int) -> Iterator[dict[str, F32]]:
        chosen = spread_samples(source, 2, size)
        yield chosen

    monkeypatch.setattr("cnnc.quantize.adapt.MAC_LIMIT", 2 * model.macs())
    limited = adapt_weights(model, ranges, samples).nodes[-1].op
    monkeypatch.undo()
    expected = adapt_weights(model, ranges, few).nodes[-1].op

    assert isinstance(limited, WeightedOp)
    assert isinstance(expected, WeightedOp)
    assert np.array_equal(limited.weight, expected.weight)
