"""1-D operators as 2-D ones: [batch][col][channel] is an image [batch][1][col][channel] of one row.

The Reshapes around them move no byte; between layers passes merge them away.
"""

from typing import TYPE_CHECKING

from cnnc.ir.op import FloatOp
from cnnc.ops.reshape import Reshape

if TYPE_CHECKING:
    from cnnc.importer.reader import NodeReader


def with_row(extents: tuple[int, ...]) -> tuple[int, ...]:
    """Return the extents of an image, those of one row where there is only one axis."""
    return (1, *extents) if len(extents) == 1 else extents


def emit_with_rows(reader: "NodeReader", op: FloatOp) -> None:
    """Add an op on operand 0 as an image, channel-last; it defines the node's result.

    Args:
        reader: The node; operand 0 has one or more axes beside batch and channel.
        op: For one axis it works on an image of one row.
    """
    source = reader.channel_last(0)
    batch, channels, *extents = reader.onnx_shape(0)
    if len(extents) > 1:
        reader.define_channel_last(reader.emit(op, [source]))
        return
    image = (batch, *with_row(tuple(extents)), channels)
    rows = reader.emit(Reshape(image), [source], suffix="row")
    computed = reader.emit(op, [rows])
    line = op.output_shape([image])
    shape = (line[0], *line[2:])
    reader.define_channel_last(reader.emit(Reshape(shape), [computed], suffix="line"))
