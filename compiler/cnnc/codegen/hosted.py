"""The files that make a program of a network under an operating system."""

from functools import cache

from cnnc.codegen.render import render
from cnnc.codegen.views import ModelView
from cnnc.resources import tree

EXAMPLE_FOLDER = "example"
"""Of the program that reads files: its sources in the runtime and in the project."""

_TEMPLATES = ("main.c", "Makefile", "CMakeLists.txt", "README.md")


def hosted_files(view: ModelView) -> dict[str, bytes]:
    """Return the files of a project beside ``src/`` and ``include/``.

    Args:
        view: The network.

    Returns:
        Path in the project's folder -> content.
    """
    texts = {name: render(f"project/{name}.j2", view) for name in _TEMPLATES}
    if view.linux is not None and view.linux.compiler:
        texts["toolchain.cmake"] = render("project/toolchain.cmake.j2", view)
    texts[f"{EXAMPLE_FOLDER}/{view.name}_ports.h"] = render("project/ports.h.j2", view)
    copies = {f"{EXAMPLE_FOLDER}/{name}": text for name, text in _example_sources().items()}
    return {path: text.encode("utf-8") for path, text in {**texts, **copies}.items()}


@cache
def _example_sources() -> dict[str, str]:
    files = (tree("runtime") / EXAMPLE_FOLDER).iterdir()
    return {file.name: file.read_text(encoding="utf-8") for file in sorted(files, key=str)}
