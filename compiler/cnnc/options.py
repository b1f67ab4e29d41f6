"""What the user asked for, checked once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cnnc.errors import UsageError
from cnnc.ir.types import Dtype, Rounding, Shape

WeightsFormat = Literal["c", "asm", "file"]
CalibrationMethod = Literal["minmax", "percentile", "mse"]

STAGES = ("import", "simplify", "quantize", "optimize", "plan")
"""Stages whose result ``--dump-after`` can print."""
INT8_STAGES = ("import", "optimize", "plan")
"""Those of a model that is int8 already."""
FLOAT32_STAGES = ("import", "simplify", "optimize", "plan")
"""Those of a network that computes in float32."""


@dataclass(frozen=True, kw_only=True)
class CompileOptions:
    """Options of ``cnnc compile``.

    Attributes:
        model: ONNX or int8 .tflite file.
        target: Board or core, or the path of a board's file.
        output: Folder to write; None for ``build/<name>``.
        calibration: Data file; None for synthetic inputs.
        method: How ranges are chosen from the data; None for the default.
        adapt_weights: Whether weights are fitted to the calibration data.
        name: C identifier that prefixes every symbol; None to derive it from the file name.
        dtype: What the C computes in.
        rounding: How accumulators are scaled; None for what the model was made for: single where
            a quantized ONNX model gives its own scales, as ONNX Runtime rounds once, else double.
        input_shapes: Pinned shapes by input name.
        ram_bytes: Overrides the board's RAM in the fit check.
        flash_bytes: Overrides the board's flash in the fit check.
        weights: How constants reach the program; None to choose by their size.
        threads: That may share a layer of the C; 1 for code without threads.
        dump_after: Stage whose result is printed.
    """

    model: Path
    target: str = "host"
    output: Path | None = None
    calibration: Path | None = None
    method: CalibrationMethod | None = None
    adapt_weights: bool = True
    name: str | None = None
    dtype: Dtype = "int8"
    rounding: Rounding | None = None
    input_shapes: Mapping[str, Shape] = field(default_factory=dict)
    ram_bytes: int | None = None
    flash_bytes: int | None = None
    weights: WeightsFormat | None = None
    threads: int = 1
    dump_after: str | None = None


def check_int8_options(options: CompileOptions) -> None:
    """Refuse options that mean nothing for an int8 .tflite file.

    Raises:
        UsageError: Names the first of them.
    """
    for option in _calibration_options(options):
        raise UsageError(
            f"{option} is for float models; '{options.model}' is int8 already and keeps its scales",
            f"leave out {option}, or give the float model as .onnx",
            option,
        )
    if options.dump_after is not None and options.dump_after not in INT8_STAGES:
        raise UsageError(
            f"an int8 .tflite does not pass the stage '{options.dump_after}'",
            f"its stages are {', '.join(INT8_STAGES)}",
            "--dump-after",
        )
    if options.dtype == "float32":
        raise UsageError(
            f"'{options.model}' is int8 already: it has no weights in float32",
            "leave out --dtype, or give the float model as .onnx",
            "--dtype",
        )


def check_float32_options(options: CompileOptions) -> None:
    """Refuse options that mean nothing for a network that computes in float32.

    Raises:
        UsageError: Names the first of them.
    """
    given = [*_calibration_options(options), *(["--rounding"] if options.rounding else [])]
    for option in given:
        raise UsageError(
            f"{option} says how int8 is computed; with --dtype float32 nothing is quantized",
            f"leave out {option}, or --dtype float32",
            option,
        )
    if options.dump_after is not None and options.dump_after not in FLOAT32_STAGES:
        raise UsageError(
            f"a network in float32 does not pass the stage '{options.dump_after}'",
            f"its stages are {', '.join(FLOAT32_STAGES)}",
            "--dump-after",
        )


def _calibration_options(options: CompileOptions) -> list[str]:
    """Return the options of calibration that were given."""
    given = {
        "--calibration": options.calibration is not None,
        "--calibration-method": options.method is not None,
        "--no-weight-adaptation": not options.adapt_weights,
    }
    return [name for name, is_given in given.items() if is_given]
