"""``cnnc doctor``: which tools are present, and how to get the rest."""

import argparse
import importlib.metadata
import importlib.util
import sys

from rich.table import Table
from rich.text import Text

from cnnc.cli.arguments import Verbs, add_json
from cnnc.cli.console import Console
from cnnc.deploy.toolchain import TOOLS

_RUNTIMES = (("tflite_runtime", "tflite-runtime"), ("ai_edge_litert", "ai-edge-litert"))
_PACKAGES = ("numpy", "onnx", "onnxruntime", "jinja2", "rich", "tflite", "flatbuffers")


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "doctor",
        help="which compilers, emulators and packages are present",
        description="List the tools that cnnc calls, and how to install what is missing.",
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the state of every tool; always 0, because no single tool is needed to compile."""
    del arguments
    tools = [
        {
            "name": tool.command,
            "purpose": tool.purpose,
            "found": tool.path,
            "install": None if tool.path else tool.install_command,
        }
        for tool in TOOLS.values()
    ]
    packages = [_package(name) for name in _PACKAGES]
    runtimes = [_runtime(module, package) for module, package in _RUNTIMES]
    python = ".".join(map(str, sys.version_info[:3]))
    document = {"python": python, "tools": tools, "packages": packages, "tflite": runtimes}
    console.result(document, _table(tools, packages + runtimes))
    return 0


def _package(name: str) -> dict[str, str | None]:
    try:
        version: str | None = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        version = None
    install = None if version else f"pip install {name}"
    return {"name": name, "purpose": "Python package", "found": version, "install": install}


def _runtime(module: str, package: str) -> dict[str, str | None]:
    entry = _package(package)
    present = importlib.util.find_spec(module) is not None
    return {
        **entry,
        "purpose": "runs the exported .tflite with TFLite's reference kernels (one is enough)",
        "found": entry["found"] if present else None,
    }


def _table(*groups: list[dict[str, str | None]]) -> Table:
    table = Table("tool", "state", "purpose", box=None)
    for group in groups:
        for entry in group:
            found = entry["found"]
            state = Text(found, style="green") if found else Text("missing", style="red")
            hint = f" -> {entry['install']}" if entry["install"] else ""
            table.add_row(entry["name"], state, f"{entry['purpose']}{hint}")
    return table
