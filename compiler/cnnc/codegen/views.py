"""What the templates see: one typed view for each, with every text ready."""

from dataclasses import dataclass
from typing import Literal

from cnnc.codegen.arrays import ArrayText, BlobEntry, float_literal
from cnnc.codegen.program import (
    ArenaPointer,
    ArrayPointer,
    CallStatement,
    CProgram,
    Pointer,
    ProgramLayer,
    ProgramPort,
)
from cnnc.memory.place import ALIGNMENT

WeightsMode = Literal["c", "asm", "file"]

_AXIS_MACROS = {"row": "ROWS", "col": "COLS", "channel": "CHANNELS", "feature": "FEATURES"}


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
        scale: float constant.
        zero_point: -128..127.
        zero_point_text: The same as a macro's value.
        axes: (axis name, extent) in storage order, e.g. ``("ROWS", 28)``.
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
    scale: str
    zero_point: int
    zero_point_text: str
    axes: tuple[tuple[str, int], ...]
    layout: str
    onnx_layout: str
    loops: tuple[LoopView, ...]
    body_indent: str
    onnx_index: str
    needs_weights: bool


@dataclass(frozen=True)
class CallView:
    """A kernel call: ``function(&symbol, arguments)``."""

    symbol: str
    struct: str
    function: str
    parameters: tuple[tuple[str, str], ...]
    arguments: tuple[str, ...]


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
    """

    index: int
    kind: str
    function: str
    calls: tuple[CallView, ...]
    result: str
    result_bytes: int
    uses_arena: bool


@dataclass(frozen=True)
class GoldenView:
    """Bytes of the embedded self-test for one input or output."""

    symbol: str
    port: PortView
    rows: tuple[str, ...]


@dataclass(frozen=True)
class SourceView:
    """A file of ``src/`` that is compiled, and its object file."""

    file: str
    object: str


@dataclass(frozen=True)
class ModelView:
    """Everything that is emitted.

    Attributes:
        name: Prefix of symbols and files.
        macro: Prefix of macros.
        weights: How constants reach the program.
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
        sources: Files of ``src/`` that are compiled, sorted.
        golden_inputs: Input bytes of the self-test.
        golden_outputs: Output bytes of the self-test.
    """

    name: str
    macro: str
    weights: WeightsMode
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
    sources: tuple[SourceView, ...]
    golden_inputs: tuple[GoldenView, ...]
    golden_outputs: tuple[GoldenView, ...]


def layer_view(layer: ProgramLayer, weights: WeightsMode) -> LayerView:
    """Return the texts of one layer."""
    calls = tuple(_call_view(index, call, weights) for index, call in enumerate(layer.calls))
    pointers = [pointer for call in layer.calls for pointer in call.arguments]
    return LayerView(
        index=layer.index,
        kind=layer.kind,
        function=layer.function,
        calls=calls,
        result=pointer_text(layer.result, weights, arena="context->arena"),
        result_bytes=layer.result_bytes,
        uses_arena=any(isinstance(pointer, ArenaPointer) for pointer in pointers),
    )


def port_views(
    program: CProgram, ports: tuple[ProgramPort, ...], kind: str, weights: WeightsMode
) -> tuple[PortView, ...]:
    """Return the inputs or outputs; numbered only if there are several.

    Args:
        program: The program that they belong to.
        ports: Its inputs or outputs.
        kind: ``input`` or ``output``.
        weights: How constants reach the program.
    """
    views = []
    for index, port in enumerate(ports):
        suffix = kind if len(ports) == 1 else f"{kind}_{index}"
        loops = _loops(port)
        zero_point = port.quantization.zero_point
        names = _axis_names(port)
        onnx_names = [names[port.storage_axes.index(axis)] for axis in range(len(names))]
        views.append(
            PortView(
                suffix=suffix,
                macro=f"{program.name}_{suffix}".upper(),
                index=index,
                pointer=pointer_text(port.place, weights),
                bytes=port.bytes,
                scale=float_literal(port.quantization.scale),
                zero_point=zero_point,
                zero_point_text=f"({zero_point})" if zero_point < 0 else str(zero_point),
                axes=tuple(
                    (_AXIS_MACROS.get(name, name.upper()), extent)
                    for name, extent in zip(names, port.shape, strict=True)
                ),
                layout=_layout(names),
                onnx_layout=_layout(onnx_names),
                loops=loops,
                body_indent="    " * (len(loops) + 1),
                onnx_index=_onnx_index(loops),
                needs_weights=weights == "file" and isinstance(port.place, ArrayPointer),
            )
        )
    return tuple(views)


def pointer_text(pointer: Pointer, weights: WeightsMode, arena: str = "arena") -> str:
    """Return the C expression of a place.

    Args:
        pointer: The place.
        weights: How constants reach the program.
        arena: C expression of the arena's start.
    """
    if isinstance(pointer, ArenaPointer):
        text = f"{arena} + {pointer.offset}" if pointer.offset else arena
        if pointer.element_type == "int8_t":
            return text
        return f"({pointer.element_type} *)(void *)({text})"
    base = pointer.symbol if weights == "c" else pointer.symbol.upper()
    return f"{base} + {pointer.offset}" if pointer.offset else base


def arena_bytes(program: CProgram) -> int:
    """Return the arena's size in C, where an array of no elements is not allowed."""
    return max(program.plan.arena_bytes, ALIGNMENT)


def _call_view(index: int, call: CallStatement, weights: WeightsMode) -> CallView:
    return CallView(
        symbol=f"call_{index}",
        struct=call.kernel.struct,
        function=call.kernel.function,
        parameters=tuple((name, _parameter(value)) for name, value in call.parameters),
        arguments=tuple(pointer_text(pointer, weights) for pointer in call.arguments),
    )


def _parameter(value: int) -> str:
    return "INT32_MIN" if value == -(2**31) else str(value)


def _axis_names(port: ProgramPort) -> list[str]:
    rank = len(port.shape)
    if rank == 4:
        return ["batch", "row", "col", "channel"]
    if rank == 3 and port.storage_axes == (0, 2, 1):
        return ["batch", "col", "channel"]
    if rank == 2:
        return ["batch", "feature"]
    return [f"axis_{axis}" for axis in range(rank)]


def _layout(names: list[str]) -> str:
    return "".join(f"[{name}]" for name in names) or "one number"


def _loops(port: ProgramPort) -> tuple[LoopView, ...]:
    """Return loops in storage order, with axes merged that stay neighbours in ONNX order."""
    onnx_shape = [0] * len(port.shape)
    for axis, extent in zip(port.storage_axes, port.shape, strict=True):
        onnx_shape[axis] = extent
    merged: list[tuple[int, int]] = []
    for axis, extent in zip(port.storage_axes, port.shape, strict=True):
        stride = 1
        for inner in onnx_shape[axis + 1 :]:
            stride *= inner
        if extent == 1:
            continue
        if merged and merged[-1][1] == stride * extent:
            merged[-1] = (merged[-1][0] * extent, stride)
        else:
            merged.append((extent, stride))
    return tuple(
        LoopView("    " * (depth + 1), f"axis_{depth}", extent, stride)
        for depth, (extent, stride) in enumerate(merged or [(1, 1)])
    )


def _onnx_index(loops: tuple[LoopView, ...]) -> str:
    terms = [
        loop.variable if loop.stride == 1 else f"{loop.variable} * {loop.stride}" for loop in loops
    ]
    return " + ".join(terms)
