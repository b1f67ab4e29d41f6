"""docs/operators.md, generated from what the operators say of themselves."""

from cnnc.codegen.variants import variants
from cnnc.ops._definition import OperatorDefinition, operators
from cnnc.report.node_tests_section import node_tests_section

_HEAD = """\
# Operators

Generated from `compiler/cnnc/ops/` by `make docs`; a test fails when this page is out of date.

Every operator has a float32 reference (judged by ONNX Runtime), C kernels in float32 (`--dtype
float32`) and, where it has an integer rule, an int8 reference written from TFLite's arithmetic, C
kernels, and an export to TFLite; the others run in float32 within an int8 network. The second and
third column are what is read from a float .onnx and from an int8 .tflite. What a column leaves
empty happens at compile time only.
"""

_REFUSED = """\
An operator that is in neither column of the table is not supported: e.g. LSTM, GRU, Loop, Scan,
TopK, NonMaxSuppression, GridSample, ScatterND and Einsum. `cnnc inspect` lists them all with their
nodes. End the network before such a node (or begin it behind), and compute the rest in your own
code; or export the model with operators of the table, e.g. MatMul for Einsum.

Below, an operator has the name that it has in the first column of the table and in reports; its
ONNX operators follow in brackets.
"""


def operators_page() -> str:
    """Return the page as Markdown."""
    rows = [
        "| operator | ONNX | int8 .tflite | what it does | C kernels | written as TFLite |",
        "|---|---|---|---|---|---|",
        *(_row(definition) for definition in operators()),
    ]
    limits = [line for definition in operators() for line in _limits(definition)]
    refused = ["## What is refused", "", _REFUSED, *limits, ""]
    return "\n".join([_HEAD, *rows, "", *_variant_rows(), *node_tests_section(), *refused])


def _variant_rows() -> list[str]:
    if not variants():
        return []
    return [
        "## Kernels for instruction sets",
        "",
        "Where a target has the instructions, the compiler takes the fastest kernel that computes",
        "the layer and that flash and RAM have room for; report.json says which were considered,",
        "and why the others were not taken. All give the bytes of plain C.",
        "",
        "| kernel | instructions | how |",
        "|---|---|---|",
        *(f"| `{v.kernel}` | `{v.instruction_set}` | {v.summary} |" for v in variants()),
        "",
    ]


def _row(definition: OperatorDefinition) -> str:
    cells = (
        definition.name,
        ", ".join(sorted(definition.readers)),
        ", ".join(sorted(definition.tflite_readers)),
        definition.summary,
        ", ".join(f"`{kernel}`" for kernel in definition.kernels),
        ", ".join(definition.tflite),
    )
    return "| " + " | ".join(cells) + " |"


def _limits(definition: OperatorDefinition) -> list[str]:
    names = ", ".join(sorted(definition.readers))
    title = f"**{definition.name}**" + (f" ({names})" if names else "")
    return [f"- {title}: {limit}" for limit in definition.limits]
