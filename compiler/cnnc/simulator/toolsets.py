"""Compilers and the arguments that every program of a kind is built with."""

from dataclasses import dataclass, replace

from cnnc.deploy.cores import Core
from cnnc.deploy.toolchain import find_compiler, host_core

_LANGUAGE_FLAGS = ("-std=c99", "-ffp-contract=off")
_SECTION_FLAGS = ("-ffunction-sections", "-fdata-sections")
_SANITIZER_FLAGS = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@dataclass(frozen=True)
class Toolset:
    """A compiler and how it is called.

    Attributes:
        compiler: Path of the C compiler.
        compile_flags: Arguments for every file.
        link_flags: Arguments when a program is linked.
    """

    compiler: str
    compile_flags: tuple[str, ...]
    link_flags: tuple[str, ...] = ()


def host_toolset(optimization: str = "-O2") -> Toolset:
    """Return the tools for programs on this machine.

    Raises:
        ToolchainError: No compiler is installed.
    """
    core = host_core()
    flags = (*_LANGUAGE_FLAGS, *core.c_flags, optimization)
    return Toolset(_compiler_path(core), flags, core.link_flags)


def fast_host_toolset() -> Toolset:
    """Return the tools for programs that use all that this machine has.

    Raises:
        ToolchainError: No compiler is installed.
    """
    toolset = host_toolset("-O3")
    return replace(toolset, compile_flags=(*toolset.compile_flags, "-march=native"))


def sanitizing_toolset(optimization: str = "-O1") -> Toolset:
    """Return the tools for programs on this machine under ASan and UBSan.

    Raises:
        ToolchainError: No compiler is installed.
    """
    core = host_core()
    flags = (*_LANGUAGE_FLAGS, *core.c_flags, optimization, *_SANITIZER_FLAGS)
    return Toolset(_compiler_path(core), flags, (*_SANITIZER_FLAGS, *core.link_flags))


def target_toolset(core: Core, optimization: str = "-O2") -> Toolset:
    """Return the tools for programs that run on another core.

    Raises:
        ToolchainError: The cross compiler is not installed.
    """
    flags = (*_LANGUAGE_FLAGS, *core.c_flags, optimization)
    return Toolset(_compiler_path(core), flags, core.link_flags)


def bare_metal_toolset(core: Core, optimization: str = "-O2") -> Toolset:
    """Return the tools for programs that run on a core without an operating system.

    Raises:
        ToolchainError: The cross compiler is not installed.
    """
    common = (*core.c_flags, *core.library_flags)
    flags = (*_LANGUAGE_FLAGS, *_SECTION_FLAGS, *common, optimization)
    return Toolset(_compiler_path(core), flags, (*common, *core.link_flags))


def _compiler_path(core: Core) -> str:
    tool = find_compiler(core)
    return tool.path or tool.command
