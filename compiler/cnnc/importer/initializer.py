"""Turn initializers into arrays, once, and refuse weights that are no numbers."""

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.external_data_helper import uses_external_data

from cnnc.errors import ModelError
from cnnc.importer.graph import live_nodes, used_names
from cnnc.importer.load import first_line, map_external
from cnnc.ir.finite import all_finite
from cnnc.ir.mapped import let_go
from cnnc.ir.types import AnyArray

_DATA_FIELDS = tuple(
    field.name
    for field in onnx.TensorProto.DESCRIPTOR.fields
    if field.name not in ("name", "dims", "data_type")
)


def detach_initializers(
    model: onnx.ModelProto, path: Path | None = None
) -> tuple[onnx.ModelProto, dict[str, AnyArray]]:
    """Take the weights out of a model.

    Protobuf frees memory with the whole message only, so the rest of the model moves into a new
    one; where the caller keeps no reference to the old one, one copy of the weights is left.

    Args:
        model: Loaded; loses the data of its initializers.
        path: Its file, where external data of initializers were left in their files: those are
            mapped into memory.

    Returns:
        The model whose initializers have name, type and shape only, and the arrays of those that
        an output depends on.

    Raises:
        ModelError: An initializer that is used is damaged or holds NaN or infinity.
    """
    graph = model.graph
    used = used_names(live_nodes(graph)) | {value.name for value in graph.output}
    arrays: dict[str, AnyArray] = {}
    for tensor in graph.initializer:
        if tensor.name in used:
            arrays[tensor.name] = to_array(tensor, path)
        # Not ListFields, which copies the data.
        for field in _DATA_FIELDS:
            tensor.ClearField(field)
    light = onnx.ModelProto()
    light.CopyFrom(model)
    return light, arrays


def to_array(tensor: onnx.TensorProto, path: Path | None = None) -> AnyArray:
    """Return a tensor's array.

    Raises:
        ModelError: The data do not fit type and shape, hold NaN, or hold infinity and are not a
            single number (an infinite bound is one that does not bind).
    """
    try:
        if path is not None and uses_external_data(tensor):
            array = map_external(path, tensor)
        else:
            array = numpy_helper.to_array(tensor)
    except (LookupError, TypeError, ValueError) as error:
        raise ModelError(
            f"initializer '{tensor.name}' is damaged: {first_line(error)}",
            "copy or download the file again, or export the model again",
            tensor.name,
        ) from error
    if array.dtype.kind != "f":
        return array
    faulty = np.isnan(array).any() if array.size == 1 else not all_finite(array)
    let_go(array)
    if faulty:
        raise ModelError(
            f"initializer '{tensor.name}' holds NaN or infinity",
            "the training diverged or the file is damaged; export a model with finite weights",
            tensor.name,
        )
    return array
