"""What textbooks teach of convolutions comes out: from the ONNX node, in float32, int8 and C."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from tests.support import onnx_models as make
from tests.support.network_checks import check_int8, check_real, int8_chunk
from tests.support.onnx_cases import import_proto

from cnnc.importer.data import Samples
from cnnc.importer.inspect import Inspection, inspect_onnx
from cnnc.ir.types import F32, Shape
from cnnc.quantize.float_reference import run_float

_IMAGE = np.array([[2, 10, 8], [5, 15, 20], [6, 11, 9]], np.float32)
_KERNEL = np.array([[1, 8], [-5, 6]], np.float32)


def _convolve(image: F32, kernel: F32, **attributes: object) -> F32:
    """Return what a Conv node makes of one channel; int8 and C are checked on the way."""
    weights = {"w": kernel[np.newaxis, np.newaxis]}
    shape = (1, 1, *image.shape)
    proto = make.model(
        [make.node("Conv", "x w", "y", "c", **attributes)], {"x": shape}, ["y"], weights
    )
    model = import_proto(proto)
    port, result = model.inputs[0], model.outputs[0].value
    inputs = {port.value: image.reshape(1, *port.storage_shape)}
    real = dict(run_float(model, inputs))[result]
    check_real(model, inputs)
    samples = Samples(1, None, lambda _: iter([{port.name: image.reshape(1, *shape)}]))
    integer = check_int8(model, samples)
    stored = int8_chunk(integer, inputs).values[result].astype(np.float32)
    format_ = integer.values[result].quantization
    dequantized = (stored - format_.zero_point) * format_.scale
    input_step = integer.values[port.value].quantization.scale
    weight_step = np.abs(kernel).max() / 127
    # Operands, weights and result are each rounded to the nearest step.
    steps = input_step * np.abs(kernel).sum() + weight_step * image.max() * kernel.size
    assert np.abs(dequantized - real).max() <= 0.51 * (steps + format_.scale)
    return real.reshape(real.shape[2:4])


def test_convolution_is_cross_correlation() -> None:
    np.testing.assert_array_equal(_convolve(_IMAGE, _KERNEL), [[147, 119], [161, 174]])


def test_a_kernel_rotated_by_180_degrees_gives_the_convolution_of_mathematics() -> None:
    rotated = np.ascontiguousarray(_KERNEL[::-1, ::-1])
    np.testing.assert_array_equal(_convolve(_IMAGE, rotated), [[17, 160], [14, 87]])


def _length(signal: int, taps: int, pads: tuple[int, int]) -> int:
    image = np.linspace(-1, 1, signal, dtype=np.float32)[np.newaxis]
    kernel = np.linspace(1, 2, taps, dtype=np.float32)[np.newaxis]
    before, after = pads
    return _convolve(image, kernel, pads=[0, before, 0, after]).shape[1]


@pytest.mark.parametrize(("signal", "taps"), [(9, 3), (8, 5), (7, 7), (6, 1)])
def test_narrow_wide_and_same_lengths(signal: int, taps: int) -> None:
    around = (taps - 1, taps - 1)
    half = ((taps - 1) // 2, (taps - 1) - (taps - 1) // 2)
    assert _length(signal, taps, (0, 0)) == signal - taps + 1
    assert _length(signal, taps, around) == signal + taps - 1
    assert _length(signal, taps, half) == signal


_SIZES = [
    # (W, F, P, S) with (W - F + 2P) / S + 1 rounded down and up
    ((7, 3, 0, 1), 5, 5),
    ((7, 3, 0, 2), 3, 3),
    ((7, 3, 1, 3), 3, 3),
    ((10, 3, 0, 2), 4, 5),
    ((8, 3, 1, 2), 4, 5),
    ((227, 11, 0, 4), 55, 55),
    ((5, 2, 0, 2), 2, 3),
    ((6, 5, 2, 3), 2, 3),
]


@pytest.mark.parametrize(("geometry", "floor", "ceil"), _SIZES)
def test_output_size(
    tmp_path: Path, geometry: tuple[int, int, int, int], floor: int, ceil: int
) -> None:
    extent, kernel, pad, stride = geometry
    window = {"kernel_shape": [kernel] * 2, "pads": [pad] * 4, "strides": [stride] * 2}
    nodes = [
        make.node("Conv", "x w", "a", "conv", **window),
        make.node("MaxPool", "x", "b", "floor", **window),
        make.node("MaxPool", "x", "c", "ceil", ceil_mode=1, **window),
    ]
    weights = {"w": np.ones((1, 1, kernel, kernel), np.float32)}
    shape = (1, 1, extent, extent)

    sizes = _output_shapes(tmp_path, nodes, ["a", "b", "c"], shape, weights)

    assert sizes == [(1, 1, floor, floor), (1, 1, floor, floor), (1, 1, ceil, ceil)]
    assert floor == (extent - kernel + 2 * pad) // stride + 1


def test_ceil_mode_drops_a_window_that_starts_in_the_end_padding(tmp_path: Path) -> None:
    node = make.node(
        "MaxPool", "x", "y", "p", kernel_shape=[2, 2], strides=[3, 3], pads=[1, 1, 1, 1],
        ceil_mode=1,
    )  # fmt: skip
    # ceil((6 + 2 - 2) / 3) + 1 is 3 without rounding; of 5 it is 3 too, whose last one starts at 6
    assert _output_shapes(tmp_path, [node], ["y"], (1, 1, 6, 6)) == [(1, 1, 3, 3)]
    assert _output_shapes(tmp_path, [node], ["y"], (1, 1, 5, 5)) == [(1, 1, 2, 2)]


def _output_shapes(
    folder: Path,
    nodes: Sequence[make.Node],
    outputs: Sequence[str],
    shape: Shape,
    weights: Mapping[str, object] | None = None,
) -> list[Shape | None]:
    path = make.save(folder, make.model(nodes, {"x": shape}, outputs, weights))
    return [node.output_shape for node in inspect_onnx(path).nodes]


def test_ten_filters_of_5x5_on_a_32x32_colour_image(tmp_path: Path) -> None:
    weights = {"w": np.ones((10, 3, 5, 5), np.float32), "b": np.zeros(10, np.float32)}
    node = make.node("Conv", "x w b", "y", "c", pads=[2, 2, 2, 2])
    proto = make.model([node], {"x": (1, 3, 32, 32)}, ["y"], weights)

    found = inspect_onnx(make.save(tmp_path, proto))

    assert found.nodes[0].output_shape == (1, 10, 32, 32)
    assert found.nodes[0].parameters == found.parameters == 760
    assert found.macs == 32 * 32 * 10 * 75
    stored = import_proto(proto)
    assert stored.outputs[0].storage_shape == (1, 32, 32, 10)


@pytest.mark.parametrize(("kernel", "dilation"), [(1, 4), (2, 3), (3, 1), (3, 2), (5, 4)])
def test_effective_kernel_of_a_dilation(kernel: int, dilation: int) -> None:
    effective = kernel + (kernel - 1) * (dilation - 1)
    image = np.zeros((effective + 2, effective + 2), np.float32)
    image[effective // 2 + 1, 1] = 1.0
    generator = np.random.default_rng(0)
    taps = generator.integers(1, 9, (kernel, kernel)).astype(np.float32)
    spread = np.zeros((effective, effective), np.float32)
    spread[::dilation, ::dilation] = taps

    found = _convolve(image + taps.sum(), taps, dilations=[dilation] * 2)

    assert found.shape == (3, 3)
    np.testing.assert_array_equal(found, _convolve(image + taps.sum(), spread))


def _fields(found: Inspection) -> dict[str, tuple[int, ...] | None]:
    return {node.name: node.field.sizes if node.field else None for node in found.nodes}


def test_receptive_field_of_vgg_like_layers(tmp_path: Path) -> None:
    """Two 3x3 layers see 5x5, three see 7x7; pooling by 2 doubles what the next ones add."""
    w = {"w": np.ones((1, 1, 3, 3), np.float32), "f": np.ones((2, 16), np.float32)}
    same = {"pads": [1, 1, 1, 1]}
    nodes = [
        make.node("Relu", "x", "r", "relu"),
        make.node("Conv", "r w", "a", "one", **same),
        make.node("Conv", "a w", "b", "two", **same),
        make.node("Conv", "b w", "c", "three", **same),
        make.node("MaxPool", "c", "d", "pool", kernel_shape=[2, 2], strides=[2, 2]),
        make.node("Conv", "d w", "e", "four", **same),
        make.node("Conv", "e w", "s", "strided", strides=[2, 2], dilations=[2, 2], pads=[2] * 4),
        make.node("Flatten", "s", "g", "flat"),
        make.node("Gemm", "g f", "y", "dense", transB=1),
    ]

    found = inspect_onnx(make.save(tmp_path, make.model(nodes, {"x": (1, 1, 16, 16)}, ["y"], w)))

    assert _fields(found) == {
        "relu": (1, 1), "one": (3, 3), "two": (5, 5), "three": (7, 7), "pool": (8, 8),
        "four": (12, 12), "strided": (20, 20), "flat": (20, 20), "dense": (20, 20),
    }  # fmt: skip
    jumps = {node.name: node.field.jumps for node in found.nodes if node.field}
    assert jumps["three"] == (1, 1)
    assert jumps["pool"] == jumps["four"] == (2, 2)
    assert jumps["strided"] == (4, 4)
    assert jumps["dense"] == (None, None)


def test_receptive_field_where_branches_meet(tmp_path: Path) -> None:
    weights = {
        "w1": np.ones((2, 2, 1, 1), np.float32),
        "w3": np.ones((2, 2, 3, 3), np.float32),
        "w5": np.ones((2, 2, 1, 5), np.float32),
        "t": np.ones((4, 1, 2, 2), np.float32),
    }
    nodes = [
        make.node("Conv", "x w1", "a", "1x1"),
        make.node("Conv", "x w3", "b", "3x3", pads=[1, 1, 1, 1], strides=[1, 1]),
        make.node("Conv", "x w5", "c", "1x5", pads=[0, 2, 0, 2]),
        make.node("Add", "a b", "d", "residual"),
        make.node("Concat", "d c", "e", "inception", axis=1),
        make.node("GlobalAveragePool", "c", "g", "squeeze"),
        make.node("Mul", "b g", "h", "excite"),
        make.node("MaxPool", "e", "i", "half", kernel_shape=[2, 2], strides=[2, 2]),
        make.node("ConvTranspose", "i t", "j", "double", strides=[2, 2]),
    ]

    found = inspect_onnx(
        make.save(tmp_path, make.model(nodes, {"x": (1, 2, 8, 10)}, ["h", "j"], weights))
    )

    assert _fields(found) == {
        "1x1": (1, 1), "3x3": (3, 3), "1x5": (1, 5), "residual": (3, 3), "inception": (3, 5),
        "squeeze": (8, 10), "excite": (8, 10), "half": (4, 6), "double": (4, 6),
    }  # fmt: skip


def test_receptive_field_of_sequences_and_volumes(tmp_path: Path) -> None:
    line = make.node("Conv", "x w", "y", "c", dilations=[4], pads=[8, 0])
    weights: dict[str, object] = {"w": np.ones((2, 3, 3), np.float32)}
    sequence = make.model([line], {"x": (1, 3, 20)}, ["y"], weights)
    cube = make.node("Conv", "x w", "y", "c", strides=[1, 2, 2])
    weights = {"w": np.ones((2, 1, 3, 5, 5), np.float32)}
    volume = make.model([cube], {"x": (1, 1, 8, 12, 12)}, ["y"], weights)

    assert _fields(inspect_onnx(make.save(tmp_path, sequence))) == {"c": (9,)}
    assert _fields(inspect_onnx(make.save(tmp_path, volume))) == {"c": (3, 5, 5)}


def test_receptive_field_survives_a_channel_shuffle_and_an_upsampling(tmp_path: Path) -> None:
    weights = {
        "w": np.ones((4, 4, 3, 3), np.float32),
        "split": np.array([1, 2, 2, 6, 6]),
        "merge": np.array([1, 4, 6, 6]),
        "scales": np.array([1, 1, 2, 2], np.float32),
    }
    nodes = [
        make.node("Conv", "x w", "a", "conv", pads=[1, 1, 1, 1]),
        make.node("Reshape", "a split", "b", "split"),
        make.node("Transpose", "b", "c", "swap", perm=[0, 2, 1, 3, 4]),
        make.node("Reshape", "c merge", "d", "merge"),
        make.node("Resize", "d - scales", "e", "up", mode="nearest"),
        make.node("Conv", "e w", "y", "fine", pads=[1, 1, 1, 1]),
    ]

    found = inspect_onnx(
        make.save(tmp_path, make.model(nodes, {"x": (1, 4, 6, 6)}, ["y"], weights))
    )

    sizes = _fields(found)
    assert sizes["merge"] == sizes["up"] == (3, 3)
    assert sizes["fine"] == (4, 4)
