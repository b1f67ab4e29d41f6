"""Compare imported quantized models with ONNX Runtime on the same files; print the table.

Run from the checkout:

    python -m bench.quantized_imports [SUBSTRING ...] [--limit N] [--rounding double]

Outputs are compared over all test images; each layer, fed with ONNX Runtime's integers, over the
first few.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from rich.console import Console
from rich.table import Table

from bench.models import MODELS
from bench.quantized_agreement import (
    LayerAgreement,
    OutputAgreement,
    compare_layers,
    compare_outputs,
)
from cnnc.ir.types import F32, Rounding

LAYER_SAMPLES = 20
LEAST_TOP1 = 0.995
LEAST_WITHIN_TWO_STEPS = 0.999
MOST_STEPS = 4
MOST_STEPS_OF_A_LAYER = 1


@dataclass(frozen=True)
class Comparison:
    """What was found for one model.

    Attributes:
        name: File stem.
        optimized: Outputs where ONNX Runtime uses its integer operators.
        plain: Outputs where it computes every QuantizeLinear and DequantizeLinear.
        layers: Every quantized tensor.
    """

    name: str
    optimized: OutputAgreement
    plain: OutputAgreement
    layers: list[LayerAgreement]

    @property
    def worst_layer(self) -> LayerAgreement:
        """The one with the largest difference, then with the most of them."""
        return max(self.layers, key=lambda layer: (layer.largest, layer.differing / layer.values))

    @property
    def passed(self) -> bool:
        """Whether the import is as near as it should be."""
        return self.worst_layer.largest <= MOST_STEPS_OF_A_LAYER and all(
            found.top1 >= LEAST_TOP1
            and found.within_two_steps >= LEAST_WITHIN_TWO_STEPS
            and found.largest <= MOST_STEPS
            for found in (self.optimized, self.plain)
        )


def quantized_models() -> list[Path]:
    """Return the quantized classifiers of Fashion-MNIST, where they are there."""
    return sorted((MODELS / "qdq").glob("*.onnx"))


def fashion_images() -> F32:
    """Return the test images, (N, 1, 28, 28)."""
    with np.load(MODELS / "data" / "fashion_test.npz", allow_pickle=False) as arrays:
        images: F32 = arrays["x"]
    return images


def compare(path: Path, images: F32, rounding: Rounding = "single") -> Comparison:
    """Compare one model, layers over the first images alone."""
    return Comparison(
        name=path.stem,
        optimized=compare_outputs(path, images, rounding, optimized=True),
        plain=compare_outputs(path, images, rounding, optimized=False),
        layers=compare_layers(path, images[:LAYER_SAMPLES], rounding),
    )


def _rows(comparison: Comparison) -> list[tuple[str, ...]]:
    layer = comparison.worst_layer
    layers = f"{layer.largest} ({sum(e.differing for e in comparison.layers):,} values)"
    rows: list[tuple[str, ...]] = []
    for kind, found in (("integer", comparison.optimized), ("plain", comparison.plain)):
        rows.append((
            comparison.name,
            kind,
            f"{found.samples:,}",
            f"{100 * found.top1:.2f}",
            f"{100 * found.within_two_steps:.3f}",
            str(found.largest),
            str(len(comparison.layers)),
            layers,
            "passed" if comparison.passed else "MISSED",
        ))  # fmt: skip
    return rows


def main() -> int:
    """Compare the models whose name holds one of the given words; 1 if any misses the mark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="parts of model names (default: all)")
    parser.add_argument(
        "--rounding", choices=get_args(Rounding), default="single", help="as of cnnc compile"
    )
    parser.add_argument("--limit", type=int, help="images (default: all 10,000)")
    arguments = parser.parse_args()
    images = fashion_images()[: arguments.limit]
    table = Table(
        "model", "ONNX Runtime", "images", "top-1 equal %", "within 2 steps %", "most steps",
        "layers", "most steps of a layer", "", box=None,
    )  # fmt: skip
    passed = True
    for path in quantized_models():
        if arguments.words and not any(word in path.stem for word in arguments.words):
            continue
        comparison = compare(path, images, arguments.rounding)
        passed = passed and comparison.passed
        for row in _rows(comparison):
            table.add_row(*row)
    Console(width=200).print(table)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
