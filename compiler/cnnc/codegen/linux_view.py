"""What the templates of a project for a core under Linux see of that core."""

from dataclasses import dataclass

from cnnc.deploy.targets import Target

_MACHINES = {"aarch64": "aarch64", "armv7-a": "arm", "armv6": "arm", "x86-64": "x86_64"}
"""Instruction set architecture -> how what a compiler for it calls its machine begins."""
_FLOAT_ABI = "-mfloat-abi="


@dataclass(frozen=True)
class LinuxView:
    """How a project is built for a core under Linux.

    Attributes:
        target: Name of the board or core.
        description: The same in words.
        machine: How the first part of ``cc -dumpmachine`` begins where the flags are right; also
            CMake's name of the processor.
        flags: Compiler arguments that choose the core, without the calling convention.
        has_float_abi: Whether there are two calling conventions: the compiler's own is taken.
        compiler: The cross compiler; empty where programs are built on the target alone.
        clang_target: Clang's ``--target``; empty where it is not used.
        is_armv6: Whether the hard-float libraries of Debian are too new for the core.
    """

    target: str
    description: str
    machine: str
    flags: str
    has_float_abi: bool
    compiler: str
    clang_target: str
    is_armv6: bool


def linux_view(target: Target | None) -> LinuxView | None:
    """Return the view of a target under Linux; None for bare metal and for any machine."""
    if target is None or target.core.isa not in _MACHINES or target.core.is_bare_metal:
        return None
    core = target.core
    flags = [flag for flag in core.c_flags if not flag.startswith(_FLOAT_ABI)]
    is_cross = bool(core.emulator)
    return LinuxView(
        target=target.name,
        description=target.description,
        machine=_MACHINES[core.isa],
        flags=" ".join(flags),
        has_float_abi=len(flags) < len(core.c_flags),
        compiler=core.compilers[0] if is_cross else "",
        clang_target=core.clang_target,
        is_armv6=core.isa == "armv6",
    )
