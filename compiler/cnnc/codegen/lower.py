"""Decide how each layer is computed in C, and check it against the kernels' headers."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from cnnc.codegen.choose import NO_LIMIT, Budget, Choice, choose_kernels
from cnnc.codegen.faster import NO_FASTER, FasterChoices, choose_faster
from cnnc.codegen.kernel import (
    Argument,
    ConstantArgument,
    InputArgument,
    KernelCall,
    Lowering,
    ScratchArgument,
)
from cnnc.codegen.kernel_source import KernelSource, assembly_of, closure, kernel_source
from cnnc.codegen.layer_constants import LayerConstants
from cnnc.codegen.names import (
    check_identifier,
    constant_symbol,
    faster_symbol,
    layer_symbol,
)
from cnnc.codegen.program import (
    ArenaPointer,
    ArrayPointer,
    CallStatement,
    ConstantArray,
    CProgram,
    FasterVersion,
    Pointer,
    ProgramLayer,
    ProgramPort,
)
from cnnc.codegen.split import split_choices, split_faster
from cnnc.codegen.threads import note_threads
from cnnc.deploy.kernel_sets import KernelSet
from cnnc.errors import InternalError
from cnnc.ir.float_model import Port
from cnnc.ir.quant_model import QuantModel, QuantNode
from cnnc.memory.plan import MemoryPlan, plan

logger = logging.getLogger(__name__)

_INT32_MIN, _INT32_MAX = -(2**31), 2**31 - 1
_BYTES = ("uint8_t", "void")
"""Pointers of kernels that move elements of any type."""


def lower(
    model: QuantModel,
    instruction_sets: frozenset[str] = frozenset(),
    budget: Budget = NO_LIMIT,
    kernel_sets: Sequence[KernelSet] = (),
    threads: int = 1,
) -> CProgram:
    """Choose the kernels and return the program for a target.

    Args:
        model: Quantized network; its name must be a valid identifier.
        instruction_sets: Kernel sets that the target can run beyond plain C.
        budget: Memory that the choice of kernels has to respect where it can.
        kernel_sets: For better processors, from less to more; the program chooses when it runs.
        threads: That may share a layer, >= 1; fewer share them where the budget has no room for
            the scratch memory of so many parts.

    Raises:
        UsageError: The model's name cannot prefix C symbols.
        InternalError: An op and its kernel disagree, or the memory plan is wrong.
    """
    check_identifier(model.name)
    choices = choose_kernels(model, instruction_sets, budget)
    faster = choose_faster(model, choices, kernel_sets, budget)
    if threads == 1:
        return build_program(model, choices, faster=faster)
    # Each part has scratch memory of its own, which the choice of kernels did not count.
    for parts in range(threads, 1, -1):
        divided = split_choices(model, choices, instruction_sets, parts)
        divided_faster = split_faster(model, faster, parts)
        memory = plan(model, divided_faster.common_lowerings(divided))
        if budget.ram_bytes is None or memory.arena_bytes <= budget.ram_bytes:
            program = build_program(model, divided, memory, divided_faster, parts)
            note_threads(program, threads, parts)
            return program
    note_threads(None, threads, 1)
    return build_program(model, choices, faster=faster)


def build_program(
    model: QuantModel,
    choices: Sequence[Choice],
    memory: MemoryPlan | None = None,
    faster: FasterChoices = NO_FASTER,
    threads: int = 1,
) -> CProgram:
    """Return the program with these kernels.

    Args:
        model: Quantized network; its name is a valid identifier.
        choices: How each layer is computed, in the model's order.
        memory: Where its values are; by default as few bytes as possible.
        faster: What takes their place on better processors.
        threads: That the layers were divided for; none of it is left where no layer is.

    Raises:
        InternalError: An op and its kernel disagree, or the memory plan is wrong.
    """
    memory = memory or plan(model, faster.common_lowerings(choices))
    builder = _ProgramBuilder(model, memory, faster)
    layers = tuple(builder.layer(index, choice) for index, choice in enumerate(choices))
    used = kernel_headers(layers, every_level=True)
    common = ["cnnc_processor.h"] if faster.kernel_sets else ["cnnc_common.h"]
    headers = closure([*common, *used])
    program = CProgram(
        name=model.name,
        rounding=model.rounding,
        inputs=tuple(builder.port(port) for port in model.inputs),
        outputs=tuple(builder.port(port) for port in model.outputs),
        layers=layers,
        arrays=tuple(builder.arrays),
        headers=tuple(sorted(headers)),
        assembly=assembly_of(headers),
        plan=memory,
        dtype=model.dtype,
        kernel_sets=faster.kernel_sets,
        threads=threads if any(layer.is_shared for layer in layers) else 1,
    )
    logger.info(
        "lower: %d layers, %d kernels, %d bytes of constants",
        len(layers),
        len(used),
        program.weight_bytes,
    )
    return program


@dataclass
class _ProgramBuilder:
    """Collects the constant arrays while layers are lowered."""

    model: QuantModel
    memory: MemoryPlan
    faster: FasterChoices
    arrays: list[ConstantArray] = field(default_factory=list)
    operands: dict[str, str] = field(default_factory=dict)
    """Constant operand -> symbol of its array."""

    def layer(self, index: int, choice: Choice) -> ProgramLayer:
        node = self.model.nodes[index]
        lowering = choice.lowering
        if lowering.is_alias and lowering.scratch_bytes:
            raise InternalError(f"layer '{node.name}' computes nothing but asks for scratch memory")
        constants = LayerConstants(self.model.name, index)
        calls = self._calls(index, lowering, constants)
        function = layer_symbol(self.model.name, index, node.op.kind)
        faster = tuple(
            FasterVersion(
                level=level,
                function=faster_symbol(function, self.faster.kernel_sets[level - 1].name),
                calls=self._calls(index, version.lowering, constants),
                candidates=version.candidates,
                part_calls=version.lowering.part_calls,
            )
            for level, version in self.faster.versions(index)
        )
        self.arrays += constants.arrays
        return ProgramLayer(
            index=index,
            kind=node.op.kind,
            function=function,
            calls=calls,
            result=self._place(node.output),
            result_bytes=self.model.values[node.output].bytes,
            weight_bytes=sum(constant.array.nbytes for constant in constants.arrays),
            name=node.name,
            candidates=choice.candidates,
            faster=faster,
            part_calls=lowering.part_calls,
        )

    def _calls(
        self, index: int, lowering: Lowering, constants: LayerConstants
    ) -> tuple[CallStatement, ...]:
        node = self.model.nodes[index]
        return tuple(self._call(node, index, call, constants) for call in lowering.calls)

    def port(self, port: Port) -> ProgramPort:
        value = self.model.values[port.value]
        return ProgramPort(
            place=_moved(self._place(port.value), 0, 1, value.element_type.c_name),
            shape=value.shape,
            storage_axes=port.storage_axes,
            quantization=value.format,
            bytes=value.bytes,
            element_type=value.element_type,
        )

    def _call(
        self, node: QuantNode, index: int, call: KernelCall, constants: LayerConstants
    ) -> CallStatement:
        kernel = kernel_source(call.kernel, call.folder)
        types = kernel.pointer_types
        if len(types) != len(call.arguments):
            raise InternalError(
                f"layer '{node.name}' passes {len(call.arguments)} pointers to {kernel.function}, "
                f"which takes {len(types)}"
            )
        arguments = tuple(
            self._pointer(node, index, argument, element_type, constants)
            for argument, element_type in zip(call.arguments, types, strict=True)
        )
        return CallStatement(kernel, _ordered_parameters(kernel, call), arguments)

    def _pointer(
        self,
        node: QuantNode,
        index: int,
        argument: Argument,
        element_type: str,
        constants: LayerConstants,
    ) -> Pointer:
        if isinstance(argument, ConstantArgument):
            return constants.add(argument, element_type)
        if isinstance(argument, ScratchArgument):
            return _moved(self._scratch(node, index), argument.offset, 1, element_type)
        value = node.output
        if isinstance(argument, InputArgument):
            value = node.inputs[argument.index]
        described = self.model.values[value].element_type
        if element_type not in (described.c_name, *_BYTES):
            raise InternalError(
                f"layer '{node.name}' ({node.op.kind}) hands {described.value} to a kernel that "
                f"works on {element_type}"
            )
        size = described.bytes
        return _moved(self._place(value), argument.offset, size, element_type)

    def _place(self, value: str) -> Pointer:
        if value in self.memory.values:
            return ArenaPointer(self.memory.values[value].offset)
        return ArrayPointer(self._operand(self.memory.constant_views.get(value, value)))

    def _operand(self, constant: str) -> str:
        if constant not in self.operands:
            symbol = constant_symbol(self.model.name, len(self.operands))
            array = self.model.constants[constant].reshape(-1)
            self.operands[constant] = symbol
            self.arrays.append(ConstantArray(symbol, np.ascontiguousarray(array), 4))
        return self.operands[constant]

    def _scratch(self, node: QuantNode, index: int) -> Pointer:
        offset = self.memory.scratch_offsets[index]
        if offset is None:
            raise InternalError(f"layer '{node.name}' uses scratch memory that it did not ask for")
        return ArenaPointer(offset)


def _moved(place: Pointer, offset: int, element_bytes: int, element_type: str) -> Pointer:
    """Return the place ``offset`` elements further."""
    if isinstance(place, ArrayPointer):
        return ArrayPointer(place.symbol, place.offset + offset)
    return ArenaPointer(place.offset + offset * element_bytes, element_type)


def _ordered_parameters(
    kernel: KernelSource, call: KernelCall
) -> tuple[tuple[str, int | float], ...]:
    values: dict[str, int | float] = {**call.parameters, **call.reals}
    missing = [name for name in kernel.fields if name not in values]
    unknown = [name for name in values if name not in kernel.fields]
    mistyped = sorted(kernel.float_fields ^ call.reals.keys())
    if missing or unknown or mistyped:
        raise InternalError(
            f"{kernel.function}: parameters without a value {missing}, unknown ones {unknown}, "
            f"of another type {mistyped}"
        )
    for name, value in call.parameters.items():
        if not _INT32_MIN <= value <= _INT32_MAX:
            raise InternalError(f"{kernel.function}: {name} = {value} does not fit int32")
    return tuple((name, _plain(values[name])) for name in kernel.fields)


def _plain(value: int | float) -> int | float:
    """Return a Python number of a NumPy one."""
    return float(value) if isinstance(value, float | np.floating) else int(value)


def kernel_headers(layers: Sequence[ProgramLayer], *, every_level: bool = False) -> tuple[str, ...]:
    """Return the header of every kernel that is called, sorted.

    Args:
        layers: Who calls.
        every_level: Those of better processors too.
    """
    calls = [call for layer in layers for call in layer.calls]
    if every_level:
        calls += [call for layer in layers for v in layer.faster for call in v.calls]
    return tuple(sorted({call.kernel.header for call in calls}))
