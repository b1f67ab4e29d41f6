"""Drop a FakeQuantize whose operand has its format already.

    F(F(x)) = F(x)          F(m(F(x))) = m(F(x))          F(Concat(F(x), F(y))) = Concat(F(x), F(y))

for m a Reshape, Transpose, MaxPool, or a Pad with zeros. Quantizers write F around every operator.
"""

from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.types import Quantization
from cnnc.ops.concat import Concat
from cnnc.ops.fake_quantize import FakeQuantize
from cnnc.ops.max_pool import MaxPool
from cnnc.ops.pad import Pad
from cnnc.ops.reshape import Reshape
from cnnc.ops.transpose import Transpose
from cnnc.passes._editor import FloatEditor
from cnnc.passes._framework import Pass, sweep


def _rewrite(editor: FloatEditor, node: FloatNode) -> str | None:
    if not isinstance(node.op, FakeQuantize):
        return None
    source = node.inputs[0]
    if not _has_format(editor, source, node.op.format):
        return f"'{source}' may hold what the format does not"
    if editor.is_output(node.output) and (editor.is_input(source) or editor.is_output(source)):
        return "the model's output would be another port"
    editor.replace(node)
    editor.redirect(node.output, source)
    return None


def _has_format(editor: FloatEditor, value: str, format_: Quantization) -> bool:
    """Return whether the value surely holds numbers of the format only."""
    waiting = [value]
    while waiting:
        node = editor.producer(waiting.pop())
        if node is None:
            return False
        if isinstance(node.op, FakeQuantize):
            if node.op.format != format_:
                return False
        elif _keeps_numbers(node):
            waiting.extend(node.inputs)
        else:
            return False
    return True


def _keeps_numbers(node: FloatNode) -> bool:
    if isinstance(node.op, Pad):
        return node.op.value == 0.0
    return isinstance(node.op, (Concat, MaxPool, Reshape, Transpose))


DROP_REPEATED_QUANTIZATION: Pass[FloatModel] = sweep("drop_repeated_quantization", _rewrite)
