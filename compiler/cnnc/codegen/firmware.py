"""The files that make a program of a network on a core without an operating system."""

from cnnc.codegen.firmware_view import FirmwareView, firmware_view
from cnnc.codegen.memory_map import linker_script, startup_files
from cnnc.codegen.render import render
from cnnc.codegen.views import ModelView
from cnnc.deploy.reserves import STACK_BYTES
from cnnc.deploy.targets import Target

BOARD_SCRIPT = "firmware/board.ld"
"""Linker script of the board's own memory."""
EMULATED_SCRIPT = "firmware/emulated.ld"
"""Linker script of the emulated machine's memory."""

_TEMPLATES = {
    "main.c": "project/firmware/main.c.j2",
    "Makefile": "project/firmware/Makefile.j2",
    "CMakeLists.txt": "project/firmware/CMakeLists.txt.j2",
    "firmware/toolchain.cmake": "project/firmware/toolchain.cmake.j2",
    "README.md": "project/README.md.j2",
}


def firmware_files(view: ModelView, target: Target) -> dict[str, bytes]:
    """Return the files of a bare-metal project beside ``src/`` and ``include/``.

    Args:
        view: The network; its ``firmware`` is set.
        target: A board or core with start-up code.

    Returns:
        Path in the project's folder -> content.
    """
    startup = startup_files(target.core.startup, target.boot)
    files = {f"firmware/{name}": content for name, content in startup.items()}
    texts = {path: render(template, view) for path, template in _TEMPLATES.items()}
    texts.update(_linker_scripts(target))
    if view.weights == "file":
        texts["firmware/weights.S"] = render("project/firmware/weights.S.j2", view)
    return {**files, **{path: text.encode("utf-8") for path, text in texts.items()}}


def firmware_of(target: Target | None) -> FirmwareView | None:
    """Return the view of a target's firmware; None if another system starts its programs."""
    if target is None or not target.core.startup:
        return None
    files = startup_files(target.core.startup, target.boot)
    sources = [name for name in files if not name.endswith(".h")]
    return firmware_view(target, tuple(sources))


def _linker_scripts(target: Target) -> dict[str, str]:
    startup = target.core.startup
    scripts = {}
    if target.memory is not None:
        scripts[BOARD_SCRIPT] = linker_script(
            target.description, target.memory, startup, STACK_BYTES, target.boot_address
        )
    if target.machine is not None:
        machine = target.machine
        scripts[EMULATED_SCRIPT] = linker_script(
            f"{machine.description}, which stands in for {target.name}",
            machine.memory,
            startup,
            STACK_BYTES,
        )
    return scripts
