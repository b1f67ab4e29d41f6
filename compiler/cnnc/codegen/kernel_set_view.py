"""Fill the views of kernel sets: files for better processors, compiled with their own flags."""

from collections.abc import Sequence
from dataclasses import replace

from cnnc.codegen.program import CProgram
from cnnc.codegen.views import KernelSetView, LayerView, SourceView


def kernel_set_view(
    program: CProgram, layers: Sequence[LayerView], sources: Sequence[SourceView], level: int
) -> KernelSetView:
    """Return what a kernel set's file holds.

    Args:
        program: The program that it belongs to.
        layers: Every layer, with its faster versions.
        sources: Files of ``src/`` that are compiled.
        level: Of the set, from 1.
    """
    kernel_set = program.kernel_sets[level - 1]
    versions = [v for layer in program.layers for v in layer.faster if v.level == level]
    return KernelSetView(
        name=kernel_set.name,
        macro=kernel_set.name.upper(),
        level=level,
        machine=kernel_set.machine,
        flags=" ".join(kernel_set.c_flags),
        includes=tuple(sorted({call.kernel.header for v in versions for call in v.calls})),
        layers=tuple(
            replace(
                layer,
                function=v.function,
                calls=v.calls,
                uses_arena=v.uses_arena,
                faster=(),
                parts=v.parts,
            )
            for layer in layers
            for v in layer.faster
            if v.level == level
        ),
        sources=tuple(source for source in sources if source.kernel_set == kernel_set.name),
    )


def owning_set(program: CProgram, stem: str) -> str:
    """Return the kernel set that a source file belongs to; empty if it is the target's own.

    Args:
        program: The program.
        stem: The file's name without suffix.
    """
    owners = [s.name for s in program.kernel_sets if s.owns(stem, program.name)]
    return owners[-1] if owners else ""
