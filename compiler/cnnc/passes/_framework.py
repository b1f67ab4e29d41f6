"""How passes run: in order, checked after each one, a line of log for every change."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from cnnc.errors import InternalError
from cnnc.ir.float_model import FloatModel, FloatNode
from cnnc.ir.quant_model import QuantModel
from cnnc.passes._editor import FloatEditor

_LOGGER = logging.getLogger(__name__)

Model = TypeVar("Model", FloatModel, QuantModel)

MAXIMUM_ROUNDS = 100
"""Far beyond what any network needs; a tuple of passes that gets here undoes its own work."""


@dataclass(frozen=True)
class Pass(Generic[Model]):
    """One rewrite of a model.

    Attributes:
        name: Verb phrase, the name of its file.
        run: Returns the rewritten model, or the very same object if nothing changed.
    """

    name: str
    run: Callable[[Model], Model]


def run_passes(
    model: Model, passes: Sequence[Pass[Model]], verify: Callable[[Model], None]
) -> Model:
    """Apply each pass once, in order.

    Args:
        model: What to rewrite; must satisfy ``verify``.
        passes: In order.
        verify: The gate of the stage; raises InternalError.

    Raises:
        InternalError: A pass failed or broke a promise; names the pass and those before it.
    """
    for position, step in enumerate(passes):
        model = _run_one(model, step, [earlier.name for earlier in passes[:position]], verify)
    return model


def run_to_fixpoint(
    model: Model, passes: Sequence[Pass[Model]], verify: Callable[[Model], None]
) -> Model:
    """Apply the passes in order, again and again until none of them changes the model.

    Raises:
        InternalError: As ``run_passes``; also if the passes undo each other's work for ever.
    """
    for _ in range(MAXIMUM_ROUNDS):
        before = model
        model = run_passes(model, passes, verify)
        if model is before:
            return model
    names = ", ".join(step.name for step in passes)
    raise InternalError(f"the passes {names} do not come to rest in {MAXIMUM_ROUNDS} rounds")


def _run_one(
    model: Model,
    step: Pass[Model],
    predecessors: Sequence[str],
    verify: Callable[[Model], None],
) -> Model:
    try:
        result = step.run(model)
        if result is not model:
            verify(result)
    except Exception as error:
        # The model passed its gate before, so whatever goes wrong here is this pass's bug.
        after = f" after {', '.join(predecessors)}" if predecessors else ""
        raise InternalError(f"pass {step.name}{after}: {error}") from error
    if result is model:
        _LOGGER.debug("%s: nothing to do", step.name)
    else:
        _LOGGER.info("%s: %d -> %d nodes", step.name, len(model.nodes), len(result.nodes))
    return result


Rewrite = Callable[[FloatEditor, FloatNode], str | None]
"""Rewrites around one node; returns why it did not although the node is of its kind, else None."""


def sweep(name: str, rewrite: Rewrite) -> Pass[FloatModel]:
    """Return the pass that offers every node, in order, to a rewrite."""

    def run(model: FloatModel) -> FloatModel:
        editor = FloatEditor(model)
        for label in [node.name for node in model.nodes]:
            node = editor.find(label)
            if node is None:
                continue
            reason = rewrite(editor, node)
            if reason:
                _LOGGER.debug("%s leaves '%s' as it is: %s", name, node.output, reason)
        return editor.finish()

    return Pass(name, run)
