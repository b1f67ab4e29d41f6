"""Find the data trees (runtime, templates, boards) that travel with the compiler."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal

from cnnc.errors import InternalError

TreeName = Literal["runtime", "templates", "boards"]

_CHECKOUT_ROOT = Path(__file__).resolve().parents[2]


def tree(name: TreeName) -> Traversable:
    """Return the root of one data tree.

    A wheel carries the trees inside the package (``cnnc/_data``); a checkout keeps them beside
    ``compiler/``.

    Raises:
        InternalError: Neither place has the tree, so the installation is broken.
    """
    packaged = files("cnnc") / "_data" / name
    if packaged.is_dir():
        return packaged
    checkout = _CHECKOUT_ROOT / name
    if checkout.is_dir():
        return checkout
    raise InternalError(f"cnnc data tree '{name}' is missing; reinstall cnnc")
