"""Fill the views of layers and ports: names, C expressions, loops."""

from collections.abc import Sequence
from itertools import islice

from cnnc.codegen.arrays import float_literal
from cnnc.codegen.program import (
    ArenaPointer,
    ArrayPointer,
    CallStatement,
    CProgram,
    FasterVersion,
    Pointer,
    ProgramLayer,
    ProgramPort,
)
from cnnc.codegen.views import CallView, FasterView, LayerView, LoopView, PortView, WeightsMode
from cnnc.ir.types import elements
from cnnc.memory.place import ALIGNMENT

_AXIS_MACROS = {"row": "ROWS", "col": "COLS", "channel": "CHANNELS", "feature": "FEATURES"}

_STEPS = 8
"""Numbers of functions that a layer may take: more than there are kernel sets."""


def layer_view(layer: ProgramLayer, weights: WeightsMode) -> LayerView:
    """Return the texts of one layer."""
    return LayerView(
        index=layer.index,
        kind=layer.kind,
        function=layer.function,
        calls=_call_views(layer.calls, weights),
        result=pointer_text(layer.result, weights, arena="context->arena"),
        result_bytes=layer.result_bytes,
        uses_arena=_uses_arena(layer.calls),
        parts=_parts(layer, weights),
        step=layer.index * _STEPS,
        faster=tuple(
            FasterView(
                version.level,
                version.function,
                _call_views(version.calls, weights),
                _uses_arena(version.calls),
                _parts(version, weights),
                layer.index * _STEPS + version.level,
            )
            for version in reversed(layer.faster)
        ),
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
        scale, zero_point = 1.0, 0
        if port.quantization is not None:
            scale, zero_point = port.quantization.scale, port.quantization.zero_point
        names = _axis_names(port)
        onnx_names = [names[port.storage_axes.index(axis)] for axis in range(len(names))]
        views.append(
            PortView(
                suffix=suffix,
                macro=f"{program.name}_{suffix}".upper(),
                index=index,
                pointer=pointer_text(port.place, weights),
                bytes=port.bytes,
                elements=elements(port.shape),
                c_type=port.element_type.c_name,
                quantized=port.quantization is not None,
                scale=float_literal(scale),
                zero_point=zero_point,
                zero_point_text=f"({zero_point})" if zero_point < 0 else str(zero_point),
                axes=tuple(
                    (_AXIS_MACROS.get(name, name.upper()), extent)
                    for name, extent in zip(names, port.shape, strict=True)
                ),
                storage_axes=port.storage_axes,
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
        # Any pointer becomes one to void by itself.
        if pointer.element_type in ("int8_t", "void"):
            return text
        return f"({pointer.element_type} *)(void *)({text})"
    base = pointer.symbol if weights == "c" else pointer.symbol.upper()
    return f"{base} + {pointer.offset}" if pointer.offset else base


def arena_bytes(program: CProgram) -> int:
    """Return the arena's size in C, where an array of no elements is not allowed."""
    return max(program.plan.arena_bytes, ALIGNMENT)


def _parts(
    layer: ProgramLayer | FasterVersion, weights: WeightsMode
) -> tuple[tuple[CallView, ...], ...]:
    calls = iter(_call_views(layer.calls, weights))
    return tuple(tuple(islice(calls, count)) for count in layer.part_calls)


def _uses_arena(calls: Sequence[CallStatement]) -> bool:
    return any(isinstance(pointer, ArenaPointer) for call in calls for pointer in call.arguments)


def _call_views(calls: Sequence[CallStatement], weights: WeightsMode) -> tuple[CallView, ...]:
    return tuple(_call_view(index, call, weights) for index, call in enumerate(calls))


def _call_view(index: int, call: CallStatement, weights: WeightsMode) -> CallView:
    return CallView(
        symbol=f"call_{index}",
        struct=call.kernel.struct,
        function=call.kernel.function,
        parameters=tuple((name, _parameter(value)) for name, value in call.parameters),
        arguments=tuple(pointer_text(pointer, weights) for pointer in call.arguments),
    )


def _parameter(value: int | float) -> str:
    if isinstance(value, float):
        return float_literal(value)
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
