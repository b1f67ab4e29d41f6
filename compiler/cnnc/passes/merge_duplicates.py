"""Keep one of several identical constants, and one of several identical moves of one value.

    Reshape(x, s), Reshape(x, s) -> one of them; likewise Transpose(x, p)
    constants of equal type, shape and bytes -> one of them

Moves come in pairs when two readers ask the importer for the same layout of one value.
"""

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.types import F32, Shape
from cnnc.ops.reshape import Reshape
from cnnc.ops.transpose import Transpose
from cnnc.passes._editor import FloatEditor
from cnnc.passes._framework import Pass


def _run(model: FloatModel) -> FloatModel:
    editor = FloatEditor(model)
    _merge_constants(editor, model.constants)
    first: dict[tuple[str, str, Shape], str] = {}
    for label in [node.name for node in model.nodes]:
        node = editor.find(label)
        key = None if node is None else _move_key(node)
        if node is None or key is None:
            continue
        kept = first.setdefault(key, node.output)
        if kept != node.output and not editor.is_output(node.output):
            editor.replace(node)
            editor.redirect(node.output, kept)
    return editor.finish()


def _merge_constants(editor: FloatEditor, constants: dict[str, F32]) -> None:
    first: dict[tuple[str, Shape, bytes], str] = {}
    for name, array in constants.items():
        kept = first.setdefault((array.dtype.name, array.shape, array.tobytes()), name)
        if kept != name and editor.readers(name):
            editor.redirect(name, kept)


def _move_key(node: FloatNode) -> tuple[str, str, Shape] | None:
    if isinstance(node.op, Reshape):
        return node.inputs[0], "reshape", node.op.shape
    if isinstance(node.op, Transpose):
        return node.inputs[0], "transpose", node.op.permutation
    return None


MERGE_DUPLICATES = Pass("merge_duplicates", _run)
