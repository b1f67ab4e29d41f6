"""Turn initializers into arrays, once, and refuse weights that are no numbers."""

import numpy as np
import onnx
from onnx import numpy_helper

from cnnc.errors import ModelError
from cnnc.importer.load import first_line
from cnnc.ir.types import AnyArray


def take_array(tensor: onnx.TensorProto) -> AnyArray:
    """Return a tensor's array; its bytes are moved out of the model, so that one copy is left.

    Raises:
        ModelError: The data do not fit type and shape, hold NaN, or hold infinity and are not a
            single number (an infinite bound is one that does not bind).
    """
    try:
        array = numpy_helper.to_array(tensor)
    except (LookupError, TypeError, ValueError) as error:
        raise ModelError(
            f"initializer '{tensor.name}' is damaged: {first_line(error)}",
            "copy or download the file again, or export the model again",
            tensor.name,
        ) from error
    tensor.ClearField("raw_data")
    if array.dtype.kind != "f":
        return array
    faulty = np.isnan(array).any() if array.size == 1 else not np.isfinite(array).all()
    if faulty:
        raise ModelError(
            f"initializer '{tensor.name}' holds NaN or infinity",
            "the training diverged or the file is damaged; export a model with finite weights",
            tensor.name,
        )
    return array
