"""Whether a network fits the target's real memory, whatever an emulated machine has.

On bare metal the stack and the code take their share before they can be measured: ``compile`` needs
no compiler, so both are reserved at a fixed size. Under Linux the system provides them.

    arena     <= RAM - STACK_RESERVE_BYTES
    constants <= flash - CODE_RESERVE_BYTES - sample

The sample is what the emitted program holds to test itself: one input and its output.
"""

from dataclasses import dataclass, replace

from cnnc.codegen.choose import Budget
from cnnc.codegen.program import CProgram
from cnnc.deploy.reserves import CODE_RESERVE_BYTES, STACK_RESERVE_BYTES
from cnnc.deploy.targets import Target
from cnnc.errors import MemoryFitError
from cnnc.options import CompileOptions


@dataclass(frozen=True)
class _Memory:
    """One kind of memory of the target.

    Attributes:
        kind: ``RAM`` or ``flash``.
        content: What the network puts there, with its verb.
        option: The command line's name for its size.
        given_bytes: What the option says; None if it was not given.
        board_bytes: What the target has; None for no limit.
        reserve_bytes: What is kept for others.
        reserved_for: Whom.
    """

    kind: str
    content: str
    option: str
    given_bytes: int | None
    board_bytes: int | None
    reserve_bytes: int
    reserved_for: str

    @property
    def total_bytes(self) -> int | None:
        """The whole of it."""
        return self.board_bytes if self.given_bytes is None else self.given_bytes

    @property
    def free_bytes(self) -> int | None:
        """What the network may use."""
        return None if self.total_bytes is None else max(0, self.total_bytes - self.reserve_bytes)

    def excess(self, needed_bytes: int, name: str) -> str | None:
        """Return by how much it is too small, in words; None if it is not."""
        free = self.free_bytes
        if free is None or needed_bytes <= free:
            return None
        owner = name if self.given_bytes is None else self.option
        shares = f" ({self.total_bytes:,} less {self.reserve_bytes:,} kept for {self.reserved_for})"
        return (
            f"the {self.content} {needed_bytes:,} bytes of {self.kind}, {needed_bytes - free:,} "
            f"more than the {free:,} bytes of {owner}{shares if self.reserve_bytes else ''}"
        )

    def remedy(self, needed_bytes: int, name: str) -> str:
        """Return where more of it may come from.

        Args:
            needed_bytes: By the network, what is kept for others not among it.
            name: Of the target.
        """
        if self.given_bytes is not None:
            least = needed_bytes + self.reserve_bytes
            return f"give {self.option} {least} or more, if there is so much {self.kind}"
        return (
            f"a board with more {self.kind} ('cnnc boards' lists what each has); if yours has more "
            f"than '{name}' is taken to have, say so with {self.option}"
        )


def budget_of(target: Target, options: CompileOptions, sample_bytes: int = 0) -> Budget:
    """Return what the constants and the arena of a network may use.

    Args:
        target: Whose memory counts; a bare core has a flash budget and no limit of RAM.
        options: ``ram_bytes`` and ``flash_bytes`` take the place of the target's.
        sample_bytes: Size of the self-test's input and output.
    """
    return Budget(
        flash_bytes=_flash(target, options, sample_bytes).free_bytes,
        ram_bytes=_ram(target, options).free_bytes,
    )


def check_fit(
    target: Target, options: CompileOptions, program: CProgram, sample_bytes: int = 0
) -> None:
    """Check that the arena and the constants fit.

    Args:
        target: Whose memory counts.
        options: ``ram_bytes`` and ``flash_bytes`` take the place of the target's.
        program: What has to fit.
        sample_bytes: Size of the self-test's input and output.

    Raises:
        MemoryFitError: Says for each memory that is too small by how much, and which layer needs
            the RAM.
    """
    ram, flash = _ram(target, options), _flash(target, options, sample_bytes)
    problems: list[str] = []
    remedies: list[str] = []
    excess = ram.excess(program.plan.arena_bytes, target.name)
    if excess is not None:
        largest = max(program.layers, key=lambda layer: program.plan.live_bytes[layer.index])
        problems.append(f"{excess}; layer '{largest.name}' ({largest.kind}) needs most")
        remedy = ram.remedy(program.plan.arena_bytes, target.name)
        remedies.append(f"choose a smaller network or input, or {remedy}")
    excess = flash.excess(program.weight_bytes, target.name)
    if excess is not None:
        problems.append(excess)
        remedy = flash.remedy(program.weight_bytes, target.name)
        remedies.append(f"choose a smaller network, or {remedy}")
    if not problems:
        return
    given = [m.option for m in (ram, flash) if m.given_bytes is not None]
    raise MemoryFitError(
        "; and ".join(problems),
        "; ".join(remedies),
        ", ".join(given) or target.name,
    )


def excess_over_board(target: Target, options: CompileOptions) -> tuple[str, ...]:
    """Return a sentence for each size that the user gives and that no such board has.

    Args:
        target: Whose memory is described; the flash of a core on its own is only an assumption.
        options: ``ram_bytes`` and ``flash_bytes`` take the place of the target's.
    """
    if target.ram_bytes is None:
        return ()
    return tuple(
        f"{memory.option} says {memory.given_bytes:,} bytes, {target.name} has "
        f"{memory.board_bytes:,}: what fits the former need not run on the board"
        for memory in (_ram(target, options), _flash(target, options))
        if memory.given_bytes is not None
        and memory.board_bytes is not None
        and memory.given_bytes > memory.board_bytes
    )


def with_given_sizes(target: Target, options: CompileOptions) -> Target:
    """Return the target with the sizes that the user gives, for its linker script too.

    Args:
        target: Whose memory is described.
        options: ``ram_bytes`` and ``flash_bytes`` take the place of the target's.
    """
    ram_bytes, flash_bytes = _ram(target, options).total_bytes, _flash(target, options).total_bytes
    memory = target.memory
    if memory is not None:
        memory = replace(
            memory,
            ram_bytes=ram_bytes or memory.ram_bytes,
            flash_bytes=flash_bytes or memory.flash_bytes,
        )
    return replace(target, ram_bytes=ram_bytes, flash_bytes=flash_bytes, memory=memory)


def _ram(target: Target, options: CompileOptions) -> _Memory:
    return _Memory(
        kind="RAM",
        content="activations need",
        option="--ram",
        given_bytes=options.ram_bytes,
        board_bytes=target.ram_bytes,
        reserve_bytes=STACK_RESERVE_BYTES if target.core.is_bare_metal else 0,
        reserved_for="the stack",
    )


def _flash(target: Target, options: CompileOptions, sample_bytes: int = 0) -> _Memory:
    # Another's start-up code comes with another's main, which need not test itself.
    sample = sample_bytes if target.core.startup else 0
    return _Memory(
        kind="flash",
        content="constants need",
        option="--flash",
        given_bytes=options.flash_bytes,
        board_bytes=target.flash_bytes,
        reserve_bytes=CODE_RESERVE_BYTES + sample if target.core.is_bare_metal else 0,
        reserved_for="code and the self-test's sample" if sample else "code",
    )
