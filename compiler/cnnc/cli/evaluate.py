"""``cnnc evaluate``: accuracy of the compiled network beside the original's."""

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cnnc.cli.arguments import Verbs, add_input_shape, add_json, input_shapes, positive_count
from cnnc.cli.console import Console, StageProgress
from cnnc.cli.wording import class_agreement, counted, distance
from cnnc.errors import UsageError
from cnnc.options import CompileOptions
from cnnc.pipeline import SYNTHETIC_WARNING, compile_to_folder
from cnnc.simulator.evaluate import Evaluation, Metric, evaluate

_METRICS: Mapping[Metric, str] = {
    "top1": "top-1 accuracy",
    "iou": "intersection over union (IoU) of the masks",
    "agreement": "top-1 agreement with float (no labels)",
}


def add_parser(verbs: Verbs) -> None:
    """Add the verb."""
    parser = verbs.add_parser(
        "evaluate",
        help="accuracy of the compiled network and of the original over a data file",
        description="Run the compiled network and the original over labelled data. "
        "Without labels (key 'y'), report how often both choose the same class, or how far each "
        "output is from the original's (SQNR) where it is no classifier's.",
    )
    parser.add_argument(
        "subject",
        type=Path,
        metavar="MODEL|DIR",
        help="an .onnx or int8 .tflite file, or a compiled folder",
    )
    parser.add_argument(
        "--data", type=Path, required=True, metavar="FILE", help=".npz with inputs and labels 'y'"
    )
    parser.add_argument(
        "--limit",
        type=positive_count,
        metavar="N",
        help="use the first N rows of the data; a static batch is filled up",
    )
    parser.add_argument(
        "--calibration", type=Path, metavar="FILE", help="for a float MODEL: typical inputs"
    )
    parser.add_argument(
        "--model", type=Path, metavar="MODEL", help="for DIR: the source model, if DIR has no copy"
    )
    add_input_shape(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Evaluate and print the scores."""
    with console.progress() as progress:
        evaluation = _evaluate(arguments, console, progress)
    console.result(evaluation.to_json(), _summary(evaluation))
    return 0


def _evaluate(
    arguments: argparse.Namespace, console: Console, progress: StageProgress
) -> Evaluation:
    subject: Path = arguments.subject
    _check_options(arguments)
    if subject.is_dir():
        return evaluate(subject, arguments.data, arguments.limit, arguments.model, progress)
    with tempfile.TemporaryDirectory(prefix="cnnc-evaluate-") as temporary:
        options = CompileOptions(
            model=subject,
            output=Path(temporary, "compiled"),
            calibration=arguments.calibration,
            input_shapes=input_shapes(arguments.input_shape),
        )
        directory, report = compile_to_folder(options, progress, console.text)
        if report.calibration["synthetic"]:
            console.warning(SYNTHETIC_WARNING)
        return evaluate(directory, arguments.data, arguments.limit, subject, progress)


def _check_options(arguments: argparse.Namespace) -> None:
    """Refuse options that the subject leaves without a meaning."""
    given = {
        "--calibration": arguments.calibration is not None,
        "--input-shape": bool(arguments.input_shape),
        "--model": arguments.model is not None,
    }
    reason, options = "is itself the model", ["--model"]
    if arguments.subject.is_dir():
        reason, options = "is compiled already", ["--calibration", "--input-shape"]
    for option in options:
        if given[option]:
            raise UsageError(
                f"{option} has no effect: '{arguments.subject}' {reason}",
                f"leave {option} out",
                option,
            )


def _summary(evaluation: Evaluation) -> str:
    dtype = evaluation.dtype if evaluation.dtype == "int8" else "compiled float32"
    engine = f"{dtype} by the {evaluation.engine} engine"
    if evaluation.score is None:
        return _distances(evaluation, engine)
    head = f"{_METRICS[evaluation.metric]} over {_items(evaluation)}: "
    compiled = f"{dtype} {100 * evaluation.score:.2f} %"
    if evaluation.float_score is None:
        return f"{head}{compiled} ({engine}; the source is an int8 .tflite)"
    return (
        f"{head}float {100 * evaluation.float_score:.2f} %, {compiled} "
        f"({evaluation.drop_points:+.2f} points lost; {engine})"
    )


def _items(evaluation: Evaluation) -> str:
    """Return what was scored: samples, or positions in them."""
    samples = counted(evaluation.inputs, "sample")
    if evaluation.samples <= evaluation.inputs:
        return samples
    return f"{counted(evaluation.samples, 'position')} of {samples}"


def _distances(evaluation: Evaluation, engine: str) -> str:
    head = f"distance from float over {_items(evaluation)} (no labels; {engine}):"
    outputs = [
        f"  '{output['name']}': {class_agreement(output)}{distance(output)}"
        for output in evaluation.outputs
    ]
    return "\n".join([head, *outputs])
