"""The files that make a program of a network under an operating system."""

from functools import cache

from cnnc.codegen.render import render
from cnnc.codegen.views import ModelView
from cnnc.resources import tree

EXAMPLE_FOLDER = "example"
"""Of the program that reads files: its sources in the runtime and in the project."""
PYTHON_FOLDER = "python"
"""Of the Python module, the same way."""
THREADS_FOLDER = "threads"
"""Of the header of programs with threads in the runtime."""

_TEMPLATES = ("main.c", "Makefile", "CMakeLists.txt", "README.md")


def hosted_files(view: ModelView) -> dict[str, bytes]:
    """Return the files of a project beside ``src/`` and ``include/``.

    Args:
        view: The network.

    Returns:
        Path in the project's folder -> content.
    """
    templates = {name: f"project/{name}.j2" for name in _TEMPLATES}
    templates[f"{EXAMPLE_FOLDER}/{view.name}_ports.h"] = "project/ports.h.j2"
    copies = _sources(EXAMPLE_FOLDER)
    if view.linux is not None and view.linux.compiler:
        templates["toolchain.cmake"] = "project/toolchain.cmake.j2"
    if view.threads > 1:
        copies = {**copies, **_sources(THREADS_FOLDER, "include")}
    if view.has_python:
        templates[f"{PYTHON_FOLDER}/{view.name}_module.c"] = "project/python/module.c.j2"
        templates[f"{PYTHON_FOLDER}/setup.py"] = "project/python/setup.py.j2"
        templates[f"{PYTHON_FOLDER}/pyproject.toml"] = "project/python/pyproject.toml.j2"
        copies = {**copies, **_sources(PYTHON_FOLDER)}
    texts = {path: render(template, view) for path, template in templates.items()}
    return {path: text.encode("utf-8") for path, text in {**texts, **copies}.items()}


@cache
def _sources(folder: str, place: str = "") -> dict[str, str]:
    """Return path and text of the files that are the same for every network.

    Args:
        folder: Of the runtime.
        place: Folder in the project; by default of the same name.
    """
    files = sorted((tree("runtime") / folder).iterdir(), key=str)
    return {f"{place or folder}/{file.name}": file.read_text(encoding="utf-8") for file in files}
