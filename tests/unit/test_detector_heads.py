"""The tails of detectors as Ultralytics exports them: engines agree, ranges do not mix."""

import numpy as np
import onnx
from tests.support import onnx_models as make
from tests.support.network_checks import check_network

from cnnc.ir.types import ElementType

_LEVELS = {"p3": (8, 8.0), "p4": (4, 16.0)}
"""Name of a level -> rows and columns, and by how much its pixels are apart in the image."""
_BINS = 4
_CLASSES = 5
_PLACES = sum(extent**2 for extent, _ in _LEVELS.values())


def _draw(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(sum(shape)).normal(0.0, 0.5, shape).astype(np.float32)


def _detector() -> onnx.ModelProto:
    """Return the end of a YOLOv8: two levels, distribution focal loss, one output."""
    nodes, weights = _levels()
    nodes += [
        make.node("Concat", "p3_flat p4_flat", "all", "/Concat", axis=2),
        make.node("Split", "all sizes", "reg cls", "/Split", axis=1),
        make.node("Reshape", "reg bins_shape", "bins", "/dfl/Reshape"),
        make.node("Transpose", "bins", "turned", "/dfl/Transpose", perm=[0, 2, 1, 3]),
        make.node("Softmax", "turned", "soft", "/dfl/Softmax", axis=1),
        make.node("Conv", "soft projection", "expected", "/dfl/conv/Conv"),
        make.node("Reshape", "expected box_shape", "distances", "/dfl/Reshape_1"),
        make.node("Slice", "distances zero two one", "lt", "/Slice"),
        make.node("Slice", "distances two four one", "rb", "/Slice_1"),
        make.node("Sub", "anchors lt", "x1y1", "/Sub"),
        make.node("Add", "anchors rb", "x2y2", "/Add"),
        make.node("Add", "x1y1 x2y2", "sum", "/Add_1"),
        make.node("Div", "sum half", "centre", "/Div"),
        make.node("Sub", "x2y2 x1y1", "size", "/Sub_1"),
        make.node("Concat", "centre size", "box", "/Concat_1", axis=1),
        make.node("Mul", "box strides", "pixels", "/Mul"),
        make.node("Sigmoid", "cls", "scores", "/Sigmoid"),
        make.node("Concat", "pixels scores", "output0", "/Concat_2", axis=1),
    ]
    weights |= {
        "sizes": np.array([4 * _BINS, _CLASSES]),
        "bins_shape": np.array([1, 4, _BINS, _PLACES]),
        "box_shape": np.array([1, 4, _PLACES]),
        "projection": np.arange(_BINS, dtype=np.float32).reshape(1, _BINS, 1, 1),
        "zero": np.array([0]),
        "one": np.array([1]),
        "two": np.array([2]),
        "four": np.array([4]),
        "half": np.array(2.0, np.float32),
        **_anchors(),
    }
    shapes = {name: (1, 6, extent, extent) for name, (extent, _) in _LEVELS.items()}
    return make.model(nodes, shapes, ["output0"], weights, opset=18)


def _levels() -> tuple[list[onnx.NodeProto], dict[str, object]]:
    nodes: list[onnx.NodeProto] = []
    weights: dict[str, object] = {"flat": np.array([1, 4 * _BINS + _CLASSES, -1])}
    for name in _LEVELS:
        nodes += [
            make.node("Conv", f"{name} {name}_w2", f"{name}_reg", f"/{name}/cv2"),
            make.node("Conv", f"{name} {name}_w3", f"{name}_cls", f"/{name}/cv3"),
            make.node("Concat", f"{name}_reg {name}_cls", f"{name}_both", f"/{name}/c", axis=1),
            make.node("Reshape", f"{name}_both flat", f"{name}_flat", f"/{name}/Reshape"),
        ]
        weights[f"{name}_w2"] = _draw(4 * _BINS, 6, 1, 1)
        weights[f"{name}_w3"] = _draw(_CLASSES, 6, 1, 1)
    return nodes, weights


def _anchors() -> dict[str, object]:
    points, strides = [], []
    for extent, stride in _LEVELS.values():
        rows, cols = np.meshgrid(np.arange(extent) + 0.5, np.arange(extent) + 0.5, indexing="ij")
        points.append(np.stack([cols.reshape(-1), rows.reshape(-1)]))
        strides.append(np.full(extent**2, stride))
    return {
        "anchors": np.concatenate(points, axis=1)[np.newaxis].astype(np.float32),
        "strides": np.concatenate(strides)[np.newaxis].astype(np.float32),
    }


def test_boxes_and_scores_keep_formats_of_their_own() -> None:
    model = check_network(_detector())

    (output,) = model.outputs
    assert output.name == "output0"
    assert output.onnx_shape == (1, 4 + _CLASSES, _PLACES)
    assert model.values[output.value].element_type is ElementType.FLOAT32
    scores = model.values["scores"].quantization
    pixels = model.values["pixels"].quantization
    assert pixels.scale > 16 * scores.scale


def _attention() -> onnx.ModelProto:
    """Return the attention of a YOLO11: two products of activations around a softmax."""
    heads, key, head, places = 2, 4, 8, 16
    width = heads * head
    nodes = [
        make.node("Conv", "x w_qkv", "qkv", "/qkv"),
        make.node("Reshape", "qkv heads", "split_heads", "/Reshape"),
        make.node("Split", "split_heads sizes", "q k v", "/Split", axis=2),
        make.node("Transpose", "q", "q_t", "/Transpose", perm=[0, 1, 3, 2]),
        make.node("MatMul", "q_t k", "product", "/MatMul"),
        make.node("Mul", "product scale", "scaled", "/Mul"),
        make.node("Softmax", "scaled", "weights", "/Softmax", axis=-1),
        make.node("Transpose", "weights", "weights_t", "/Transpose_1", perm=[0, 1, 3, 2]),
        make.node("MatMul", "v weights_t", "mixed", "/MatMul_1"),
        make.node("Reshape", "mixed image", "image_mixed", "/Reshape_1"),
        make.node("Reshape", "v image", "image_v", "/Reshape_2"),
        make.node("Conv", "image_v w_pe", "pe", "/pe", pads=[1, 1, 1, 1], group=width),
        make.node("Add", "image_mixed pe", "sum", "/Add"),
        make.node("Conv", "sum w_proj", "y", "/proj"),
    ]
    weights = {
        "w_qkv": _draw(width + 2 * heads * key, width, 1, 1),
        "w_pe": _draw(width, 1, 3, 3),
        "w_proj": _draw(width, width, 1, 1),
        "heads": np.array([1, heads, 2 * key + head, places]),
        "sizes": np.array([key, key, head]),
        "image": np.array([1, width, 4, 4]),
        "scale": np.array(key**-0.5, np.float32),
    }
    return make.model(nodes, {"x": (1, width, 4, 4)}, ["y"], weights, opset=18)


def test_attention_block() -> None:
    model = check_network(_attention())

    assert model.values[model.outputs[0].value].is_quantized
