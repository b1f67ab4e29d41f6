"""``cnnc compile``: a model becomes a folder of C."""

import argparse
from collections import Counter
from pathlib import Path
from typing import get_args

from rich.table import Table

from cnnc.cli.arguments import (
    Verbs,
    add_input_shape,
    add_json,
    byte_count,
    input_shapes,
    positive_count,
)
from cnnc.cli.console import Console
from cnnc.codegen.emit import C_LIMIT_BYTES
from cnnc.deploy.cores import cores
from cnnc.deploy.targets import DEFAULT_TARGET
from cnnc.ir.types import Dtype, Rounding
from cnnc.options import STAGES, CalibrationMethod, CompileOptions, WeightsFormat
from cnnc.pipeline import SYNTHETIC_WARNING, compile_to_folder
from cnnc.report.compile_report import CompileReport, LayerReport

_MUCH_FLASH = 10
"""Worth a line from a tenth of the weights on."""
_NAMED_LAYERS = 4
"""As many layers in float32 are named for one reason."""


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "compile",
        help="turn a model into a folder of C",
        description="Import, simplify, quantize to int8, plan memory and write C. A model that is "
        "quantized already keeps its scales; with --dtype float32 nothing is quantized. No C "
        "compiler is needed.",
    )
    parser.add_argument(
        "model", type=Path, metavar="MODEL", help=".onnx (float or quantized) or int8 .tflite file"
    )
    parser.add_argument(
        "--target",
        default=DEFAULT_TARGET,
        metavar="NAME|FILE.toml",
        help="a board or a core, see 'cnnc boards', or the description of a board of yours, see "
        "boards/README.md (default: %(default)s)",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="DIR",
        help="folder to write (default: build/NAME); one that cnnc made is replaced",
    )
    parser.add_argument(
        "--calibration",
        type=Path,
        metavar="FILE",
        help="typical inputs, .npz or .npy, of a model that states no ranges; without it they come "
        "from synthetic inputs",
    )
    parser.add_argument(
        "--calibration-method",
        choices=get_args(CalibrationMethod),
        help="how ranges are chosen from the data (default: see docs/quantization.md)",
    )
    parser.add_argument(
        "--no-weight-adaptation",
        action="store_true",
        help="round every weight to the nearest step instead of fitting the weights of each "
        "layer to the calibration data",
    )
    parser.add_argument("--name", metavar="IDENT", help="C identifier that prefixes every symbol")
    parser.add_argument(
        "--dtype",
        choices=get_args(Dtype),
        default="int8",
        help="what the C computes in; float32 needs no calibration and four times the memory "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--rounding",
        choices=get_args(Rounding),
        help="double: TFLite's reference kernels; single: XNNPACK's (default: single for a "
        "quantized ONNX model, which ONNX Runtime rounds once, else double)",
    )
    add_input_shape(parser)
    parser.add_argument(
        "--ram",
        type=byte_count,
        metavar="BYTES",
        help="RAM to fit in: 131072, 0x20000, 128K or 2M (default: the board's)",
    )
    parser.add_argument(
        "--flash",
        type=byte_count,
        metavar="BYTES",
        help="flash to fit in, likewise (default: the board's)",
    )
    parser.add_argument(
        "--threads",
        type=positive_count,
        default=1,
        metavar="N",
        help="threads that may share a layer, under an operating system; the program starts them "
        "(default: 1, code without threads)",
    )
    parser.add_argument(
        "--weights",
        choices=get_args(WeightsFormat),
        help="constants as C arrays, as a binary that the assembler includes, or as a file "
        f"that the program loads (default: c; asm above {C_LIMIT_BYTES // 2**20} MiB)",
    )
    parser.add_argument(
        "--dump-after", choices=STAGES, metavar="STAGE", help=f"print the model after {STAGES}"
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Compile and print the report."""
    options = CompileOptions(
        model=arguments.model,
        target=arguments.target,
        output=arguments.output,
        calibration=arguments.calibration,
        method=arguments.calibration_method,
        adapt_weights=not arguments.no_weight_adaptation,
        name=arguments.name,
        dtype=arguments.dtype,
        rounding=arguments.rounding,
        input_shapes=input_shapes(arguments.input_shape),
        ram_bytes=arguments.ram,
        flash_bytes=arguments.flash,
        weights=arguments.weights,
        threads=arguments.threads,
        dump_after=arguments.dump_after,
    )
    with console.progress() as progress:
        directory, report = compile_to_folder(options, progress, console.text)
    if report.calibration["synthetic"]:
        console.warning(SYNTHETIC_WARNING)
    console.result(report.to_json(), _layers(report), _summary(report, directory))
    return 0


def _layers(report: CompileReport) -> Table:
    table = Table("layer", "kernel", "output", box=None)
    for title in ("MACs", "weight bytes", "live bytes", "SQNR dB"):
        table.add_column(title, justify="right")
    for layer in report.layers:
        table.add_row(
            layer.name,
            layer.kernel.replace("cnnc_", ""),
            "x".join(map(str, layer.output_shape)),
            f"{layer.macs:,}",
            f"{layer.weight_bytes:,}",
            f"{layer.live_bytes:,}",
            "-" if layer.sqnr_db is None else f"{layer.sqnr_db:.1f}",
        )
    return table


def _summary(report: CompileReport, directory: Path) -> str:
    removed = ""
    if report.channels_removed:
        removed = (
            f" ({report.macs_effective:,} executed; {report.channels_removed:,} channels are "
            "constant or never read)"
        )
    return (
        f"\n{report.name} for {report.target}: {report.macs:,} MACs{removed}, "
        f"weights {report.weight_bytes:,} bytes, arena {report.arena_bytes:,} bytes\n"
        f"{_islands(report)}{_faster_kernels(report)}{_flash_for_speed(report)}"
        f"written to {directory}; next: cnnc simulate {directory}"
    )


def _islands(report: CompileReport) -> str:
    """Return which layers of an int8 network compute on real numbers, and why; or nothing."""
    if not report.islands:
        return ""
    groups: dict[str, list[LayerReport]] = {}
    for layer in report.islands:
        groups.setdefault(layer.reason or "", []).append(layer)
    converting = sum(layer.op in ("quantize", "dequantize") for layer in report.layers)
    lines = [
        f"{len(report.islands)} of {len(report.layers)} layers run in float32, {converting} more "
        "convert for them:\n"
    ]
    for reason, layers in groups.items():
        names = ", ".join(layer.name for layer in layers[:_NAMED_LAYERS])
        rest = len(layers) - _NAMED_LAYERS
        names += f" and {rest} more" if rest > 0 else ""
        moved = sum(layer.moved_bytes for layer in layers)
        macs = sum(layer.macs for layer in layers)
        lines.append(f"  {names}: {reason} ({macs:,} MACs, {moved:,} bytes read and written)\n")
    return "".join(lines)


def _faster_kernels(report: CompileReport) -> str:
    """Return what better processors compute otherwise; empty for a target of one processor."""
    layers = Counter(name for layer in report.layers for name in layer.faster_kernels)
    return "".join(
        f"with {name}, which the program looks for when it runs, {count} layers have faster "
        "kernels than these\n"
        for name, count in layers.items()
    )


def _flash_for_speed(report: CompileReport) -> str:
    """Return what faster kernels cost in flash, if it is scarce and it is much; empty otherwise."""
    if not cores()[report.core].is_bare_metal:
        return ""
    extra = sum(layer.bytes_for_speed for layer in report.layers)
    if extra == 0 or extra * _MUCH_FLASH < report.weight_bytes:
        return ""
    return (
        f"faster kernels take {extra:,} of these bytes of weights: --flash with what the "
        "application leaves limits them\n"
    )
