"""docs/operators.md, generated from what the operators say of themselves."""

from cnnc.ops._definition import OperatorDefinition, operators

_HEAD = """\
# Operators

Generated from `compiler/cnnc/ops/` by `make docs`; a test fails when this page is out of date.

Every operator has a float32 reference (judged by ONNX Runtime), an int8 reference written from
TFLite's arithmetic, C kernels, and an export to TFLite. The second and third column are what is
read from a float .onnx and from an int8 .tflite. What a column leaves empty happens at compile time
only.
"""


def operators_page() -> str:
    """Return the page as Markdown."""
    rows = [
        "| operator | ONNX | int8 .tflite | what it does | C kernels | written as TFLite |",
        "|---|---|---|---|---|---|",
        *(_row(definition) for definition in operators()),
    ]
    limits = [line for definition in operators() for line in _limits(definition)]
    return "\n".join([_HEAD, *rows, "", "## What is refused", "", *limits, ""])


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
    return [f"- **{definition.name}**: {limit}" for limit in definition.limits]
