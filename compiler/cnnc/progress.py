"""How long work tells those who wait for it how far it is."""

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called as (stage, done, total)."""


def no_progress(stage: str, done: int, total: int) -> None:
    """Take what is told and show nothing."""
    del stage, done, total
