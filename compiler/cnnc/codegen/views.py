"""What the templates see: one typed view for each, with every text ready."""

from dataclasses import dataclass
from typing import Literal

from cnnc.codegen.arrays import ArrayText, BlobEntry
from cnnc.codegen.firmware_view import FirmwareView
from cnnc.codegen.linux_view import LinuxView

WeightsMode = Literal["c", "asm", "file"]


@dataclass(frozen=True)
class LoopView:
    """One loop over a tensor in storage order.

    Attributes:
        indent: Spaces before it.
        variable: Loop variable.
        extent: Number of iterations.
        stride: Elements between iterations in ONNX order.
    """

    indent: str
    variable: str
    extent: int
    stride: int


@dataclass(frozen=True)
class PortView:
    """An input or output of the network.

    Attributes:
        suffix: ``input`` or ``input_1``: the end of function names.
        macro: ``LENET_INPUT`` or ``LENET_INPUT_1``: the start of macros.
        index: Position among the inputs or outputs.
        pointer: C expression of its memory, given ``arena``.
        bytes: Size.
        elements: Number of elements.
        c_type: C type of the elements.
        quantized: Whether they are int8 with scale and zero point; those are unused otherwise.
        scale: float constant.
        zero_point: -128..127.
        zero_point_text: The same as a macro's value.
        axes: (axis name, extent) in storage order, e.g. ``("ROWS", 28)``.
        storage_axes: Axis k in storage is axis ``storage_axes[k]`` in ONNX.
        layout: Axis names as one word, e.g. ``[batch][row][col][channel]``.
        onnx_layout: The same in ONNX order.
        loops: Loops over storage order, outermost first; one if the orders are the same.
        body_indent: Spaces inside the innermost loop.
        onnx_index: C expression of the ONNX element, given the loop variables.
        needs_weights: Whether the pointer is in a file of weights (a constant output).
    """

    suffix: str
    macro: str
    index: int
    pointer: str
    bytes: int
    elements: int
    c_type: str
    quantized: bool
    scale: str
    zero_point: int
    zero_point_text: str
    axes: tuple[tuple[str, int], ...]
    storage_axes: tuple[int, ...]
    layout: str
    onnx_layout: str
    loops: tuple[LoopView, ...]
    body_indent: str
    onnx_index: str
    needs_weights: bool

    @property
    def is_real(self) -> bool:
        """Whether the elements are float32."""
        return self.c_type == "float"

    @property
    def shape(self) -> tuple[int, ...]:
        """Extents in storage order."""
        return tuple(extent for _, extent in self.axes)

    @property
    def original_type(self) -> str:
        """C type of the elements in the model's own tensor."""
        return "float" if self.quantized else self.c_type

    @property
    def stored_name(self) -> str:
        """Constant of ``enum cnnc_element`` for the elements in memory."""
        return _element_name(self.c_type)

    @property
    def original_name(self) -> str:
        """Constant of ``enum cnnc_element`` for the elements of the model's own tensor."""
        return _element_name(self.original_type)


def _element_name(c_type: str) -> str:
    return f"CNNC_{'FLOAT32' if c_type == 'float' else c_type.removesuffix('_t').upper()}"


@dataclass(frozen=True)
class CallView:
    """A kernel call: ``function(&symbol, arguments)``."""

    symbol: str
    struct: str
    function: str
    parameters: tuple[tuple[str, str], ...]
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class FasterView:
    """What computes a layer on better processors: from this level on.

    Attributes:
        level: Of its kernel set, from 1.
        function: C function.
        calls: Not empty.
        uses_arena: Whether any argument is in the arena.
        parts: As in ``LayerView``, likewise ``step``.
    """

    level: int
    function: str
    calls: tuple[CallView, ...]
    uses_arena: bool
    parts: tuple[tuple[CallView, ...], ...] = ()
    step: int = 0


@dataclass(frozen=True)
class LayerView:
    """One layer.

    Attributes:
        index: Number that the trace hook gets.
        kind: Operator.
        function: C function.
        calls: Empty for an alias.
        result: C expression of the result, given ``context``.
        result_bytes: Size of the result.
        uses_arena: Whether any argument is in the arena.
        faster: What takes its place on better processors, from more to less.
        parts: The calls of each thread; empty if one thread makes them all.
        step: Number of the function among those with parts; 0 for the others.
    """

    index: int
    kind: str
    function: str
    calls: tuple[CallView, ...]
    result: str
    result_bytes: int
    uses_arena: bool
    faster: tuple[FasterView, ...] = ()
    parts: tuple[tuple[CallView, ...], ...] = ()
    step: int = 0


@dataclass(frozen=True)
class GoldenView:
    """Bytes of the embedded self-test for one input or output."""

    symbol: str
    port: PortView
    rows: tuple[str, ...]


@dataclass(frozen=True)
class SourceView:
    """A file of ``src/`` that is compiled, and its object file.

    Attributes:
        file: Its name.
        object: Of the object file.
        kernel_set: The kernel set whose flags it is compiled with; empty for the target's own.
    """

    file: str
    object: str
    kernel_set: str = ""

    @property
    def is_assembly(self) -> bool:
        """Whether the assembler reads it."""
        return self.file.endswith(".S")


@dataclass(frozen=True)
class KernelSetView:
    """Kernels for better processors, in a file of their own.

    Attributes:
        name: Part of identifiers and of the file's name.
        macro: The same in upper case.
        level: From 1; a better processor's is higher.
        machine: First part of what a compiler's ``-dumpmachine`` prints where they are compiled.
        flags: Compiler arguments, as one text.
        includes: Runtime headers of its layers, sorted.
        layers: The versions of layers that are in it.
        sources: Files of ``src/`` that are compiled with its flags.
    """

    name: str
    macro: str
    level: int
    machine: str
    flags: str
    includes: tuple[str, ...]
    layers: tuple[LayerView, ...]
    sources: tuple[SourceView, ...]


@dataclass(frozen=True)
class SetView:
    """A kernel set's file: the whole, and the part."""

    model: "ModelView"
    part: KernelSetView


@dataclass(frozen=True)
class AssemblyView:
    """The kernels of one assembly file, assembled apart: its macros and labels are its own.

    Attributes:
        name: Prefix of symbols and files.
        single_rounding: Whether accumulators are rounded once.
        file: Of ``src/cnnc/``.
    """

    name: str
    single_rounding: bool
    file: str

    @property
    def source(self) -> str:
        """File of ``src/`` that includes it."""
        return f"{self.name}_{self.file.removeprefix('cnnc_')}"


@dataclass(frozen=True)
class ModelView:
    """Everything that is emitted.

    Attributes:
        name: Prefix of symbols and files.
        macro: Prefix of macros.
        weights: How constants reach the program.
        numbers: What it computes in, in words.
        is_real: Whether any layer computes on real numbers.
        single_rounding: Whether accumulators are rounded once.
        arena_bytes: Size of the arena, at least one alignment.
        alignment: Of the arena, bytes.
        inputs: In the order of the model.
        outputs: In the order of the model.
        layers: In execution order.
        includes: Runtime headers that the layers include, sorted.
        arrays: Constant arrays as text; empty unless ``weights`` is ``c``.
        weight_bytes: Flash for constants.
        blob: Where each array is in the blob; empty if ``weights`` is ``c``.
        blob_base: C expression of the blob's start.
        blob_bytes: Size of the blob; 0 if ``weights`` is ``c``.
        blob_alignment: Of the blob, bytes.
        blob_crc32: C constant.
        assembly: Assembly sources of the kernels in ``src/cnnc/``, sorted.
        sources: Files of ``src/`` that are compiled, sorted.
        kernel_sets: Kernels for better processors, from less to more.
        threads: That share the layers with parts; 1 where there are none.
        golden_inputs: Input bytes of the self-test.
        golden_outputs: Output bytes of the self-test.
        linux: The core under Linux that a project is built for; None for any machine.
        firmware: What a project without an operating system has beside; None under one.
        needs_vendor_tools: Whether the target runs no program that the emitted files build.
        notes: What has to be known to run on the target; empty if nothing.
    """

    name: str
    macro: str
    weights: WeightsMode
    numbers: str
    is_real: bool
    single_rounding: bool
    arena_bytes: int
    alignment: int
    inputs: tuple[PortView, ...]
    outputs: tuple[PortView, ...]
    layers: tuple[LayerView, ...]
    includes: tuple[str, ...]
    arrays: tuple[ArrayText, ...]
    weight_bytes: int
    blob: tuple[BlobEntry, ...]
    blob_base: str
    blob_bytes: int
    blob_alignment: int
    blob_crc32: str
    assembly: tuple[str, ...]
    sources: tuple[SourceView, ...]
    kernel_sets: tuple[KernelSetView, ...]
    threads: int
    golden_inputs: tuple[GoldenView, ...]
    golden_outputs: tuple[GoldenView, ...]
    linux: LinuxView | None
    firmware: FirmwareView | None
    needs_vendor_tools: bool
    notes: str

    @property
    def divided(self) -> tuple["LayerView | FasterView", ...]:
        """Functions that threads share, by their ``step``."""
        functions: list[LayerView | FasterView] = list(self.layers)
        for layer in self.layers:
            functions += layer.faster
        return tuple(sorted((f for f in functions if f.parts), key=lambda f: f.step))

    @property
    def has_python(self) -> bool:
        """Whether a Python module is among the emitted files."""
        return not self.needs_vendor_tools and self.firmware is None

    @property
    def has_assembly(self) -> bool:
        """Whether any source is read by the assembler."""
        return any(source.is_assembly for source in self.sources)
