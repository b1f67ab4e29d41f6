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


def emit_with_rows(reader: "NodeReader", op: FloatOp, output: int = 0) -> None:
    """Add an op on operand 0 as an image, channel-last; it defines a result of the node.

    Args:
        reader: The node; operand 0 has one or more axes beside batch and channel.
        op: For one axis it works on an image of one row.
        output: Which result of the node it defines.
    """
    source = reader.channel_last(0)
    batch, channels, *extents = reader.onnx_shape(0)
    if len(extents) > 1:
        reader.define_channel_last(reader.emit(op, [source], output=output), output)
        return
    image = (batch, *with_row(tuple(extents)), channels)
    rows = reader.emit(Reshape(image), [source], suffix="row", output=output)
    computed = reader.emit(op, [rows], output=output)
    line = op.output_shape([image])
    shape = (line[0], *line[2:])
    flat = reader.emit(Reshape(shape), [computed], suffix="line", output=output)
    reader.define_channel_last(flat, output)
