"""The tails of detectors as Ultralytics exports them: engines agree, ranges do not mix."""

import numpy as np
import onnx
from tests.support import onnx_models as make
from tests.support.network_checks import check_network


def _draw(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(sum(shape)).normal(0.0, 0.5, shape).astype(np.float32)


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
