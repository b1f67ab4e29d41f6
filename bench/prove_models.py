"""Compile, simulate and evaluate every shared model; print the table.

Run from the checkout: ``python -m bench.prove_models [SUBSTRING ...] [--json FILE]``.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.models import SharedModel, shared_models
from cnnc.errors import CnncError
from cnnc.options import CompileOptions
from cnnc.pipeline import compile_to_folder
from cnnc.progress import no_progress
from cnnc.simulator.evaluate import evaluate
from cnnc.simulator.run import SimulationRequest, simulate


@dataclass(frozen=True)
class Proof:
    """What was found for one model.

    Attributes:
        name: File stem.
        layers: Number of layers.
        compared: Values compared on each engine.
        mismatched: Values that differ, by engine.
        not_compared: Layers that TFLite cannot express, each with ``layer``, ``op`` and ``reason``.
        compile_seconds: Wall time of compile, calibration included.
        evaluate_seconds: Wall time of evaluate.
        samples: Number of evaluated samples.
        metric: ``top1``, ``iou`` or ``agreement``.
        float_score: 0..1; None without data.
        score: 0..1; None without data.
        sqnr_db: Signal to quantization noise of the first output against ONNX Runtime.
        arena_bytes: Activation memory.
        weight_bytes: Constants.
    """

    name: str
    layers: int
    compared: dict[str, int]
    mismatched: dict[str, int]
    not_compared: list[dict[str, str]]
    compile_seconds: float
    evaluate_seconds: float | None
    samples: int | None
    metric: str | None
    float_score: float | None
    score: float | None
    sqnr_db: float | None
    arena_bytes: int
    weight_bytes: int

    @property
    def equal(self) -> bool:
        """Whether all three engines ran and no value differs."""
        return len(self.compared) == 3 and not any(self.mismatched.values())

    @property
    def drop_points(self) -> float | None:
        """Percentage points that int8 loses against float."""
        if self.float_score is None or self.score is None:
            return None
        return 100 * (self.float_score - self.score)


def prove(model: SharedModel, folder: Path) -> Proof:
    """Compile for ``rpi``, compare all engines, measure accuracy on all data."""
    calibration = model.prepared(model.calibration, folder)
    data = model.prepared(model.data, folder)
    options = CompileOptions(
        model=model.path, target="rpi", output=folder / model.name, calibration=calibration
    )
    start = time.perf_counter()
    directory, report = compile_to_folder(options, no_progress, lambda _: None)
    compile_seconds = time.perf_counter() - start
    request = (
        SimulationRequest(random=model.inputs)
        if data is None
        else SimulationRequest(inputs=data, limit=model.inputs)
    )
    compared = simulate(directory, request)
    start = time.perf_counter()
    scores = evaluate(directory, data) if data is not None else None
    seconds = time.perf_counter() - start
    return Proof(
        name=model.name,
        layers=len(report.layers),
        compared={
            name: result.compared_values
            for name, result in compared.results.items()
            # TFLite cannot show the result of a network that ends on real numbers.
            if result.bit_exact or (name == "tflite" and result.compared_values)
        },
        mismatched={k: r.mismatched_values for k, r in compared.results.items()},
        not_compared=compared.results["tflite"].to_json()["not_compared"],
        compile_seconds=compile_seconds,
        evaluate_seconds=None if scores is None else seconds,
        samples=None if scores is None else scores.samples,
        metric=None if scores is None else scores.metric,
        float_score=None if scores is None else scores.float_score,
        score=None if scores is None else scores.score,
        sqnr_db=None if compared.float_result is None else compared.float_result["sqnr_db"],
        arena_bytes=report.arena_bytes,
        weight_bytes=report.weight_bytes,
    )


def _row(proof: Proof) -> tuple[str, ...]:
    def score(value: float | None) -> str:
        return "-" if value is None else f"{100 * value:.2f}"

    drop = proof.drop_points
    return (
        proof.name,
        str(proof.layers),
        f"{proof.compared.get('tflite', 0):,}",
        "equal" if proof.equal else f"DIFFERENT {proof.mismatched}",
        str(len(proof.not_compared)),
        score(proof.float_score),
        score(proof.score),
        "-" if drop is None else f"{drop:+.2f}",
        "-" if proof.sqnr_db is None else f"{proof.sqnr_db:.1f}",
        f"{proof.compile_seconds:.1f}",
        "-" if proof.evaluate_seconds is None else f"{proof.evaluate_seconds:.1f}",
        f"{proof.arena_bytes:,}",
        f"{proof.weight_bytes:,}",
    )


def main() -> int:
    """Prove the models whose name holds one of the given words; 1 if any differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="parts of model names (default: all)")
    parser.add_argument("--json", type=Path, help="also write the table to a file")
    arguments = parser.parse_args()
    chosen = [
        model
        for model in shared_models()
        if not arguments.words or any(word in model.name for word in arguments.words)
    ]
    console = Console(width=180)
    table = Table(
        *("model", "layers", "values", "engines", "n.c.", "float %", "int8 %", "drop", "dB"),
        *("compile s", "evaluate s", "arena", "weights"),
        box=None,
    )
    proofs, failed = [], list[str]()
    for model in chosen:
        with tempfile.TemporaryDirectory() as folder:
            try:
                proof = prove(model, Path(folder))
            except CnncError as error:
                failed.append(f"{model.name}: {error.problem}")
                console.print(failed[-1], style="red")
                continue
        proofs.append(proof)
        table.add_row(*_row(proof))
        console.print(" ".join(_row(proof)))
    console.print(table)
    if arguments.json is not None:
        text = json.dumps([asdict(proof) for proof in proofs], indent=1)
        arguments.json.write_text(text + "\n", encoding="utf-8")
    return 0 if proofs and not failed and all(proof.equal for proof in proofs) else 1


if __name__ == "__main__":
    sys.exit(main())
