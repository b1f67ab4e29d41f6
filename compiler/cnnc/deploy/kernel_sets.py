"""Kernels that a program holds beside those of its target, and chooses when it runs.

A target may stand for several processors: ``rpi`` for all with AArch64, ``host`` for all x86-64.
Its program has kernels for what all of them run, and for each core that ``run_time_cores`` of
boards/cores.toml names a set of faster ones, compiled with that core's flags.
"""

from dataclasses import dataclass

from cnnc.deploy.cores import Core, cores

_MACHINES = {"x86-64": "x86_64", "aarch64": "aarch64"}
"""Instruction set architecture -> what a compiler for it calls its machine."""


@dataclass(frozen=True)
class KernelSet:
    """Kernels for processors that have more than the target's least.

    Attributes:
        name: The instruction set that is new in it, e.g. ``neon_dot``: part of file names and C
            identifiers.
        instruction_sets: All that its kernels may use.
        machine: The first part of what ``cc -dumpmachine`` prints where it can be compiled.
        c_flags: Compiler arguments of its files, after those of the target.
        emulator: Command that runs such a processor's programs here; empty if none is needed.
    """

    name: str
    instruction_sets: frozenset[str]
    machine: str
    c_flags: tuple[str, ...]
    emulator: tuple[str, ...]

    def owns(self, stem: str, model: str) -> bool:
        """Whether a source file of an emitted project belongs to the set.

        Args:
            stem: The file's name without suffix.
            model: Name of the network, with which all files begin.
        """
        return stem != model and stem.endswith(f"_{self.name}")


def kernel_sets(core: Core) -> tuple[KernelSet, ...]:
    """Return the sets beyond a core's own, from less to more."""
    found = []
    for name in core.run_time_cores:
        better = cores()[name]
        found.append(
            KernelSet(
                name=better.instruction_sets[-1],
                instruction_sets=frozenset(better.instruction_sets),
                machine=_MACHINES[better.isa],
                c_flags=better.c_flags,
                emulator=better.emulator,
            )
        )
    return tuple(found)
