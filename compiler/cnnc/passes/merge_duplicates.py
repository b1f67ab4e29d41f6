"""Keep one of several identical constants, and one of several identical computations.

    f(x, ...), f(x, ...) -> one of them, for ops without weights and with equal attributes
    constants of equal type, shape and bytes -> one of them

Moves come in pairs when two readers ask the importer for the same layout of one value; other ops,
when a program computes an expression twice.
"""

from collections.abc import Hashable
from dataclasses import fields

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.types import F32, Shape
from cnnc.passes._editor import FloatEditor
from cnnc.passes._framework import Pass


def _run(model: FloatModel) -> FloatModel:
    editor = FloatEditor(model)
    _merge_constants(editor, model.constants)
    first: dict[Hashable, str] = {}
    for label in [node.name for node in model.nodes]:
        node = editor.find(label)
        key = None if node is None else _key(node)
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


def _key(node: FloatNode) -> Hashable:
    """Return what makes the node's result what it is; None if that is an array."""
    attributes = tuple(getattr(node.op, entry.name) for entry in fields(node.op))
    key = (type(node.op), node.inputs, attributes)
    try:
        hash(key)
    except TypeError:
        return None
    return key


MERGE_DUPLICATES = Pass("merge_duplicates", _run)
