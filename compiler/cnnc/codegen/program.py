"""The C program of a network with everything decided; emitting it only formats.

Values are in storage order; offsets are bytes in the arena. Nothing in here that becomes C text
comes from the model file: names are made from indices and operator kinds.
"""

from dataclasses import dataclass, field

from cnnc.codegen.choose import Candidate
from cnnc.codegen.kernel_source import KernelSource
from cnnc.deploy.kernel_sets import KernelSet
from cnnc.ir.types import AnyArray, Dtype, ElementType, Quantization, Rounding, Shape
from cnnc.memory.plan import MemoryPlan


@dataclass(frozen=True, eq=False)
class ConstantArray:
    """One array in flash.

    Attributes:
        symbol: C identifier.
        array: One-dimensional, contiguous.
        alignment: Bytes.
    """

    symbol: str
    array: AnyArray
    alignment: int


@dataclass(frozen=True)
class ArenaPointer:
    """A place in the arena.

    Attributes:
        offset: Bytes from its start.
        element_type: C type that the kernel reads or writes there, e.g. ``int8_t``.
    """

    offset: int
    element_type: str = "int8_t"


@dataclass(frozen=True)
class ArrayPointer:
    """A place in a constant array.

    Attributes:
        symbol: The array.
        offset: Elements from its start.
    """

    symbol: str
    offset: int = 0


Pointer = ArenaPointer | ArrayPointer


@dataclass(frozen=True)
class CallStatement:
    """One kernel call.

    Attributes:
        kernel: The kernel's C interface.
        parameters: (field, value) in the order of the parameter struct; floats for its floats.
        arguments: Pointers in the order of the C function, after the parameters.
    """

    kernel: KernelSource
    parameters: tuple[tuple[str, int | float], ...]
    arguments: tuple[Pointer, ...]


@dataclass(frozen=True)
class FasterVersion:
    """What computes a layer instead, where the processor has more than every one of the target.

    Attributes:
        level: Position of its kernel set in ``CProgram.kernel_sets``, from 1.
        function: C function.
        calls: Kernel calls in order.
        candidates: Kernels that were considered, the chosen one first.
        part_calls: As in ``ProgramLayer``.
    """

    level: int
    function: str
    calls: tuple[CallStatement, ...]
    candidates: tuple[Candidate, ...] = ()
    part_calls: tuple[int, ...] = ()

    @property
    def kernels(self) -> tuple[str, ...]:
        """Kernels that compute the layer, in order, each once."""
        return tuple(dict.fromkeys(call.kernel.function for call in self.calls))


@dataclass(frozen=True)
class ProgramLayer:
    """One step of the program.

    Attributes:
        index: Position in the network, the number that the trace hook gets.
        kind: Operator, snake case.
        function: C function; unused for a layer without calls.
        calls: Kernel calls in order; empty for an alias.
        result: Where the layer's result is.
        result_bytes: Size of the result.
        weight_bytes: Constant arrays of this layer alone.
        name: Name of the layer in the model; for reports, never written into C.
        candidates: Kernels that were considered, the chosen one first.
        faster: What takes its place on better processors, from less to more.
        part_calls: How many of the calls each thread's part takes; empty if one thread does all.
    """

    index: int
    kind: str
    function: str
    calls: tuple[CallStatement, ...]
    result: Pointer
    result_bytes: int
    weight_bytes: int
    name: str
    candidates: tuple[Candidate, ...] = ()
    faster: tuple[FasterVersion, ...] = ()
    part_calls: tuple[int, ...] = ()

    @property
    def is_shared(self) -> bool:
        """Whether threads share it on any processor."""
        return bool(self.part_calls) or any(version.part_calls for version in self.faster)

    @property
    def reads_real_numbers(self) -> bool:
        """Whether any kernel works on float32."""
        return any("float" in call.kernel.pointer_types for call in self.calls)

    @property
    def kernels(self) -> tuple[str, ...]:
        """Kernels that compute the layer, in order, each once."""
        return tuple(dict.fromkeys(call.kernel.function for call in self.calls))


@dataclass(frozen=True)
class ProgramPort:
    """An input or output of the network.

    Attributes:
        place: Where it is during the inference.
        shape: Storage order (channel-last).
        storage_axes: Axis k in storage is axis ``storage_axes[k]`` in ONNX.
        quantization: int8 format; None for a port that is not quantized.
        bytes: Size.
        element_type: Of its elements.
    """

    place: Pointer
    shape: Shape
    storage_axes: tuple[int, ...]
    quantization: Quantization | None
    bytes: int
    element_type: ElementType = ElementType.INT8


@dataclass(frozen=True, eq=False)
class CProgram:
    """Everything that the templates write.

    Attributes:
        name: Prefix of every symbol.
        rounding: How accumulators are scaled.
        inputs: In the order of the model.
        outputs: In the order of the model.
        layers: In execution order.
        arrays: Every constant array.
        headers: Runtime headers that the program needs, by file name, sorted.
        assembly: Assembly sources that belong to them, by file name, sorted.
        kernel_sets: Those of which some layer has a faster version, from less to more.
        threads: That share layers; 1 where no layer is shared.
        plan: The arena.
        dtype: What the network computes in.
    """

    name: str
    rounding: Rounding
    inputs: tuple[ProgramPort, ...]
    outputs: tuple[ProgramPort, ...]
    layers: tuple[ProgramLayer, ...]
    arrays: tuple[ConstantArray, ...]
    headers: tuple[str, ...]
    assembly: tuple[str, ...]
    plan: MemoryPlan = field(repr=False)
    dtype: Dtype = "int8"
    kernel_sets: tuple[KernelSet, ...] = ()
    threads: int = 1

    @property
    def weight_bytes(self) -> int:
        """Bytes of all constant arrays."""
        return sum(constant.array.nbytes for constant in self.arrays)
