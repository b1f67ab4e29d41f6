"""Whether a program can have threads, and what for."""

import logging

from cnnc.codegen.program import CProgram
from cnnc.codegen.split import WORTH_MACS
from cnnc.deploy.targets import Target
from cnnc.errors import UsageError

logger = logging.getLogger(__name__)

MAX_THREADS = 16
"""What a pool of runtime/threads/cnnc_threads.h has room for, the caller's thread included."""


def check_threads(target: Target, threads: int) -> None:
    """Refuse threads that the target cannot have.

    Raises:
        UsageError: The target has no operating system, or there are too many.
    """
    if threads > 1 and target.core.is_bare_metal:
        raise UsageError(
            f"'{target.name}' has no operating system, so its programs have no threads",
            "leave out --threads",
            "--threads",
        )
    if threads > MAX_THREADS:
        raise UsageError(
            f"--threads {threads} is more than the {MAX_THREADS} that a program can have",
            "give as many as the processor has cores",
            "--threads",
        )


def note_threads(program: CProgram | None, threads: int, parts: int) -> None:
    """Say how many layers the threads of a program share; warn where there are fewer threads.

    Args:
        program: What was made; None where the RAM has no room for any layer's parts.
        threads: That were asked for.
        parts: Of a layer at most, for which there is room.
    """
    if parts < threads:
        logger.warning(
            "the RAM has no room for the working memory of %d threads: %s",
            threads,
            f"{parts} share the layers" if program else "the code has none",
        )
    if program is None:
        return
    shared = sum(layer.is_shared for layer in program.layers)
    if shared:
        logger.info("lower: %d threads share %d layers", parts, shared)
    else:
        logger.warning(
            "no layer is worth sharing (int8 layers of %s multiply-accumulates and more are): the "
            "code has no threads",
            f"{WORTH_MACS:,}",
        )
