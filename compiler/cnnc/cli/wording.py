"""Numbers and distances as people read them."""

from collections.abc import Mapping
from typing import Any


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Return the number with its noun, e.g. ``1 input`` or ``1,000 inputs``.

    Args:
        count: How many.
        noun: Of one.
        plural: Of several, where it is more than an s at the end.
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def distance(output: Mapping[str, Any]) -> str:
    """Return how far an output is from the original's.

    Args:
        output: JSON object of ``OutputDistance``.
    """
    agreement = output["top1_agreement"]
    if output["integers"]:
        return f"{100 * agreement:.1f} % of the integers are the same"
    if output["identical"]:
        return "no difference in the output"
    if output["sqnr_db"] is None:
        return "output SQNR undefined, as the float output is 0 everywhere"
    return f"output SQNR {output['sqnr_db']} dB"


def class_agreement(output: Mapping[str, Any]) -> str:
    """Return how often a classifier chooses the same class, as the start of a sentence.

    Args:
        output: JSON object of ``OutputDistance``; empty text where it is no classifier's.
    """
    if output["integers"] or output["top1_agreement"] is None:
        return ""
    return f"same top-1 class for {100 * output['top1_agreement']:.1f} % of the inputs, "
