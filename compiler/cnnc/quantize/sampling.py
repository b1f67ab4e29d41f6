"""Pick few samples from all over a data file, so that a sorted file is not judged by its start."""

from collections.abc import Iterator

import numpy as np

from cnnc.importer.data import Samples
from cnnc.ir.types import F32, I64

SEED = 0


def spread_indices(count: int, limit: int) -> I64:
    """Return up to ``limit`` increasing indices below ``count``, one from each equal part.

    The place within a part is random, with a fixed seed: a fixed place would always meet the same
    class in a file whose classes take turns.
    """
    number = min(count, limit)
    edges = np.arange(number + 1, dtype=np.int64) * count // max(number, 1)
    places = np.random.default_rng(SEED).random(number)
    indices: I64 = edges[:-1] + np.floor(places * np.diff(edges)).astype(np.int64)
    return indices


def spread_samples(samples: Samples, limit: int, size: int) -> dict[str, F32]:
    """Return up to ``limit`` samples from all over the data, in one streaming pass.

    Args:
        samples: At least one.
        limit: How many to return at most.
        size: How many are read at once.

    Returns:
        Port.name -> (S, *onnx_shape), in the data's order.
    """
    parts = list(_picked(samples, spread_indices(samples.count, limit), size))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _picked(samples: Samples, indices: I64, size: int) -> Iterator[dict[str, F32]]:
    begin = 0
    for batch in samples.batches(size, int(indices[-1]) + 1):
        end = begin + len(next(iter(batch.values())))
        wanted = indices[(indices >= begin) & (indices < end)] - begin
        if len(wanted):
            yield {name: array[wanted] for name, array in batch.items()}
        begin = end
