"""How an op says which C computes it: kernel calls with constant parameters and arrays.

A kernel ``NAME`` is the always-inlined C function ``cnnc_NAME`` in
``runtime/kernels/<folder>/cnnc_NAME.h``. Its first parameter is
``const struct cnnc_NAME_parameters *`` (numbers that are known at compile time), the others are
the arguments of the call in order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cnnc.ir.types import AnyArray, ElementType, Rounding, Shape


@dataclass(frozen=True)
class InputArgument:
    """Pointer to operand ``index`` plus an offset in elements."""

    index: int
    offset: int = 0


@dataclass(frozen=True)
class OutputArgument:
    """Pointer to the result plus an offset in elements."""

    offset: int = 0


@dataclass(frozen=True)
class ScratchArgument:
    """Pointer to the layer's scratch memory plus an offset in bytes."""

    offset: int = 0


@dataclass(frozen=True, eq=False)
class ConstantArgument:
    """Pointer to a constant array in flash.

    Attributes:
        role: What it is, identifier-safe: ``weights``, ``bias``, ``multipliers``, ``shifts``.
        array: Contiguous, in exactly the order that the kernel reads.
        alignment: Bytes; a power of two that is a multiple of the element size.
    """

    role: str
    array: AnyArray
    alignment: int = 4


Argument = InputArgument | OutputArgument | ScratchArgument | ConstantArgument


@dataclass(frozen=True, eq=False)
class KernelCall:
    """One call of one kernel.

    Attributes:
        kernel: Name by the grammar of runtime/NAMING.md, e.g. ``conv2d_s8``.
        folder: Folder below ``runtime/kernels/``, e.g. ``conv2d``.
        parameters: Value of every int32_t field of the kernel's parameter struct, by name.
        arguments: Pointers, in the order of the C function.
        reals: Value of every float field.
    """

    kernel: str
    folder: str
    parameters: dict[str, int]
    arguments: tuple[Argument, ...]
    reals: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, eq=False)
class Lowering:
    """How one layer is computed.

    Attributes:
        calls: In order; empty if the output is the same memory as input 0 (an alias).
        scratch_bytes: Working memory that the calls share, on top of operands and result.
        in_place: Indices of the operands whose memory the result may take over when this layer
            is their last reader (element i is read before output element i is written).
        instructions: Estimate of what one inference executes, to choose among several lowerings
            of a layer; None for plain C that every variant for an instruction set beats.
        over_read_bytes: How far kernels may read beyond an operand's end; what is there does not
            matter. The arena is made long enough.
        part_calls: Where several threads may share the layer: how many of the calls each part
            takes, in order; the parts do not depend on each other. Empty for one part.
    """

    calls: tuple[KernelCall, ...]
    scratch_bytes: int = 0
    in_place: tuple[int, ...] = field(default=())
    instructions: int | None = None
    over_read_bytes: int = 0
    part_calls: tuple[int, ...] = ()

    @property
    def is_alias(self) -> bool:
        """Whether the result is operand 0 under another shape."""
        return not self.calls

    @property
    def kernels(self) -> tuple[str, ...]:
        """Kernels that are called, in order, each once."""
        return tuple(dict.fromkeys(call.kernel for call in self.calls))

    @property
    def constant_bytes(self) -> int:
        """Bytes of all constant arrays, one that is passed twice counted once."""
        arguments = [argument for call in self.calls for argument in call.arguments]
        constants = [a.array for a in arguments if isinstance(a, ConstantArgument)]
        return sum({id(array): array.nbytes for array in constants}.values())


@dataclass(frozen=True)
class LoweringSite:
    """What an op is told when it chooses its kernels.

    Attributes:
        inputs: Shape of each operand.
        output: Shape of the result.
        instruction_sets: Kernel sets that the target's core can run (``neon``, ``dsp``, ...);
            plain C always can.
        rounding: How accumulators are scaled.
        input_types: Element type of each operand.
        output_type: Element type of the result.
    """

    inputs: tuple[Shape, ...]
    output: Shape
    instruction_sets: frozenset[str] = frozenset()
    rounding: Rounding = "double"
    input_types: tuple[ElementType, ...] = ()
    output_type: ElementType = ElementType.INT8


ALIAS = Lowering(calls=())


def geometry(shape: Shape) -> tuple[int, int, int, int]:
    """Return (batch, rows, cols, channels) of a rank-4 channel-last shape.

    Raises:
        ValueError: The rank is not 4.
    """
    batch, rows, cols, channels = shape
    return batch, rows, cols, channels
