"""``cnnc inspect``: what the importer sees, what is unsupported and why."""

import argparse
from pathlib import Path

from rich.table import Table
from rich.text import Text

from cnnc.cli.arguments import Verbs, add_input_shape, add_json, input_shapes
from cnnc.cli.console import Console
from cnnc.importer.field import Field
from cnnc.importer.inspect import Inspection
from cnnc.importer.model import inspect_model


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "inspect",
        help="what the importer sees in a model, what is unsupported and why",
        description="List the nodes that the outputs depend on, with shapes, parameters, MACs and "
        "receptive field (what an element sees of the image, and by how much two neighbours are "
        "apart there). Unsupported nodes are listed with the reason; nothing is compiled.",
    )
    parser.add_argument(
        "model", type=Path, metavar="MODEL", help=".onnx (float or quantized) or int8 .tflite file"
    )
    add_input_shape(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Inspect and print."""
    inspection = inspect_model(arguments.model, input_shapes(arguments.input_shape))
    console.result(inspection.to_json(), _head(inspection), _nodes(inspection), _tail(inspection))
    return 0


def _head(inspection: Inspection) -> str:
    inputs = ", ".join(f"{name} {list(shape)}" for name, shape in inspection.inputs)
    version = f"opset {inspection.opset}, IR {inspection.ir_version}"
    if inspection.format == "tflite":
        version = f"int8 .tflite, schema {inspection.ir_version}"
    quantization = (
        "" if inspection.quantization is None else f"quantized: {inspection.quantization}\n"
    )
    return (
        f"{inspection.file}: {version}, from {inspection.producer}\n"
        f"inputs: {inputs}\noutputs: {', '.join(inspection.outputs)}\n"
        f"{inspection.parameters:,} parameters, {inspection.macs:,} MACs\n{quantization}"
    )


def _nodes(inspection: Inspection) -> Table:
    table = Table("node", "op", "output", box=None)
    for heading in ("parameters", "MACs", "sees", "jump"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for node in inspection.nodes:
        shape = "?" if node.output_shape is None else "x".join(map(str, node.output_shape))
        remark = Text("folded" if node.constant else "", style="dim")
        if node.unsupported is not None:
            remark = Text(node.unsupported, style="red")
        numbers = (f"{number:,}" if number else "" for number in (node.parameters, node.macs))
        table.add_row(node.name, node.op_type, shape, *numbers, *_field(node.field), remark)
    return table


def _field(field: Field | None) -> tuple[str, str]:
    if field is None:
        return "", ""
    sees = "x".join(map(str, field.sizes))
    if not any(field.jumps):
        return sees, ""
    return sees, "x".join("-" if jump is None else f"{jump:g}" for jump in field.jumps)


def _tail(inspection: Inspection) -> Text:
    if not inspection.unsupported:
        return Text("\nevery node is supported", style="green")
    count = len(inspection.unsupported)
    nodes = "1 node is" if count == 1 else f"{count} nodes are"
    return Text(f"\n{nodes} not supported", style="red")
