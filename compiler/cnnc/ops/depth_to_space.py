"""DepthToSpace and SpaceToDepth: blocks of pixels to channels and back (ONNX).

Both are a Reshape, a Transpose and a Reshape of the channel-last image, which moves each element
once. With C' = C / (b b) channels, rows r and columns c, and i, j < b:

    DCR: y[n, b r + i, b c + j, k] = x[n, r, c, (i b + j) C' + k]
    CRD: y[n, b r + i, b c + j, k] = x[n, r, c, (k b + i) b + j]
    SpaceToDepth is the inverse of one of them, of DCR by default.
"""

from typing import TYPE_CHECKING

from cnnc.errors import UnsupportedAttributeError
from cnnc.ir.types import Shape
from cnnc.ops._definition import OperatorDefinition
from cnnc.ops.reshape import Reshape
from cnnc.ops.transpose import Transpose

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader
    from cnnc.importer.tflite.reader import TfliteNodeReader

_ROUTES = {
    # Axes before: batch, row, col, then the block's row and col and the channel in their order.
    "DCR": ("ijk", (0, 1, 3, 2, 4, 5)),
    "CRD": ("kij", (0, 1, 4, 2, 5, 3)),
}
_BACK = {"DCR": (0, 1, 3, 2, 4, 5), "CRD": (0, 1, 3, 5, 2, 4)}
"""From batch, row, i, col, j and channel to batch, row, col and those three in their order."""
_Route = tuple[Shape, tuple[int, ...], Shape]


def _to_space(image: Shape, block: int, mode: str) -> _Route:
    """Return shape before, permutation and shape after, all channel-last."""
    _check_mode(mode)
    batch, rows, cols, channels = image
    if block < 1 or channels % (block * block):
        raise UnsupportedAttributeError(f"{channels} channels are no blocks of {block} x {block}")
    depth = channels // (block * block)
    order, permutation = _ROUTES[mode]
    extents = {"i": block, "j": block, "k": depth}
    before = (batch, rows, cols, *(extents[letter] for letter in order))
    return before, permutation, (batch, rows * block, cols * block, depth)


def _check_mode(mode: str) -> None:
    if mode not in _ROUTES:
        raise UnsupportedAttributeError(f"mode '{mode}' is not supported; DCR and CRD are")


def _to_depth(image: Shape, block: int, mode: str) -> _Route:
    """Return shape before, permutation and shape after, all channel-last."""
    _check_mode(mode)
    batch, rows, cols, channels = image
    if block < 1 or rows % block or cols % block:
        raise UnsupportedAttributeError(
            f"an image of {rows} x {cols} is no blocks of {block} x {block}"
        )
    before = (batch, rows // block, block, cols // block, block, channels)
    after = (batch, rows // block, cols // block, block * block * channels)
    return before, _BACK[mode], after


def _read_depth_to_space(reader: "NodeReader") -> None:
    block = reader.int_attribute("blocksize", 0)
    _emit(reader, _to_space(_image(reader), block, reader.string_attribute("mode", "DCR")))


def _read_space_to_depth(reader: "NodeReader") -> None:
    block = reader.int_attribute("blocksize", 0)
    _emit(reader, _to_depth(_image(reader), block, reader.string_attribute("mode", "DCR")))


def _image(reader: "NodeReader") -> Shape:
    shape = reader.onnx_shape(0)
    if len(shape) != 4:
        raise UnsupportedAttributeError(f"an operand of shape {list(shape)} is no 2-D image")
    return (shape[0], shape[2], shape[3], shape[1])


def _emit(reader: "NodeReader", route: _Route) -> None:
    before, permutation, after = route
    blocks = reader.emit(Reshape(before), [reader.channel_last(0)], suffix="blocks")
    moved = reader.emit(Transpose(permutation), [blocks], suffix="moved")
    reader.define_channel_last(reader.emit(Reshape(after), [moved]))


def _read_tflite_depth_to_space(reader: "TfliteNodeReader") -> None:
    block = reader.option("BlockSize", 0)
    _emit_tflite(reader, _to_space(_tflite_image(reader), block, "DCR"))


def _read_tflite_space_to_depth(reader: "TfliteNodeReader") -> None:
    _emit_tflite(reader, _to_depth(_tflite_image(reader), reader.option("BlockSize", 0), "DCR"))


def _tflite_image(reader: "TfliteNodeReader") -> Shape:
    shape = reader.value(0).shape
    if len(shape) != 4:
        raise UnsupportedAttributeError(f"an operand of shape {list(shape)} is no 2-D image")
    return shape


def _emit_tflite(reader: "TfliteNodeReader", route: _Route) -> None:
    before, permutation, after = route
    format_ = reader.value(0).quantization
    blocks = reader.emit_inner(Reshape(before), [reader.key(0)], "blocks", format_)
    moved = reader.emit_inner(Transpose(permutation), [blocks], "moved", format_)
    reader.emit(Reshape(after), [moved])


OPERATOR = OperatorDefinition(
    name="depth_to_space",
    summary="Blocks of pixels to channels and back; becomes a transpose.",
    readers={"DepthToSpace": _read_depth_to_space, "SpaceToDepth": _read_space_to_depth},
    float_ops=(),
    quant_ops=(),
    kernels=(),
    tflite=(),
    limits=("2-D images only.",),
    tflite_readers={
        "DEPTH_TO_SPACE": _read_tflite_depth_to_space,
        "SPACE_TO_DEPTH": _read_tflite_space_to_depth,
    },
)
