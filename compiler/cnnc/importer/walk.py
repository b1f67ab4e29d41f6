"""One walk over an ONNX graph: constants are folded, every other node is read into the builder."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import onnx
from onnx import checker

from cnnc.errors import ModelError, Unsupported, UnsupportedAttributeError
from cnnc.importer.branch import taken_branch
from cnnc.importer.builder import GraphBuilder
from cnnc.importer.definers import INVALID_GRAPH_REMEDY, Definers
from cnnc.importer.fold import SHAPE_OPERATORS, can_fold, fold
from cnnc.importer.graph import user_location
from cnnc.importer.initializer import to_array
from cnnc.importer.inputs import element_type, graph_inputs, stored
from cnnc.importer.load import STANDARD_DOMAINS, first_line
from cnnc.importer.quantized_operators import CONTRIB_DOMAIN, CONTRIB_OPERATORS
from cnnc.importer.reader import NodeReader
from cnnc.importer.spelling import DEQUANTIZE
from cnnc.ir.float_model import FloatNode, Port
from cnnc.ir.names import unique_name
from cnnc.ir.types import AnyArray, ElementType
from cnnc.ops._definition import readers

logger = logging.getLogger(__name__)

_OPERATOR_REMEDY = (
    "docs/operators.md lists what is supported; re-export the model without the unsupported "
    "operators"
)
_VALUE_REMEDY = (
    "change what is refused in the code that defines the network and export it again; "
    "docs/operators.md lists the limits of each operator, and cnnc inspect shows the shape of "
    "every node's result"
)
_CUT_BEFORE = (
    "cut the model before its post-processing (onnx.utils.extract_model) and do that step in the "
    "code that reads the result"
)
_UNROLL = (
    "write the network without branches and loops that depend on data, or with a fixed number of "
    "steps, so that the export by tracing unrolls them"
)
_REMEDIES = {
    **dict.fromkeys(("If", "Loop", "Scan"), _UNROLL),
    "FakeQuantize": "this is NNCF's own operator: call strip() on the quantized model, or set "
    "export_to_onnx_standard_ops, so that QuantizeLinear and DequantizeLinear are written",
    "DynamicQuantizeLinear": "scales are computed at run time: quantize the model statically "
    "(onnxruntime.quantization.quantize_static), or give the float model and --calibration",
    "MatMulInteger": "quantize the model statically, in the QDQ format",
    "ConvInteger": "quantize the model statically, in the QDQ format",
    "Quant": "this is Brevitas' QONNX operator: export with export_onnx_qcdq instead",
    "BipolarQuant": "this is Brevitas' QONNX operator: export with export_onnx_qcdq instead",
    **dict.fromkeys(("NonMaxSuppression", "TopK", "CumSum", "Unique"), _CUT_BEFORE),
}
_READ_THOUGH_DEPRECATED = ("GroupNormalization",)
"""Operators of files whose opset has deprecated them only to give their operands other shapes."""
# What Python raises where a node's attributes and operands contradict each other.
_MALFORMED = (ArithmeticError, LookupError, MemoryError, TypeError, ValueError)


@dataclass(frozen=True)
class Visit:
    """What became of one node.

    Attributes:
        node: The ONNX node.
        name: Its unique name.
        added: Ops that it became.
        faults: Why it cannot be imported; empty if it can.
    """

    node: onnx.NodeProto
    name: str
    added: tuple[FloatNode, ...]
    faults: tuple[Unsupported, ...]


@dataclass
class Walk:
    """The state of a walk.

    Attributes:
        builder: What has been built.
        opsets: Version of each operator domain.
        visits: Every node that was looked at, in order.
        failed: Activations that an unsupported node should have defined, and what depends on them.
        failed_constants: Likewise, values that would be known at compile time.
        names: Node names that are taken.
        definers: Who defines each tensor.
    """

    builder: GraphBuilder
    opsets: dict[str, int]
    definers: Definers
    visits: list[Visit] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    failed_constants: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)

    @property
    def unsupported(self) -> tuple[Unsupported, ...]:
        """Every fault so far."""
        return tuple(fault for visit in self.visits for fault in visit.faults)

    def visit(self, nodes: Iterable[onnx.NodeProto]) -> None:
        """Import nodes in order; faults are collected."""
        for node in nodes:
            self._visit(node, self._unique_name(node))

    def _visit(self, node: onnx.NodeProto, name: str) -> None:
        known = len(self.builder.nodes)
        faults: tuple[Unsupported, ...] = ()
        try:
            self._import(node, name)
        except ModelError as error:
            remedy = error.remedy or _VALUE_REMEDY
            faults = (self._refuse(node, name, known, error.problem, remedy),)
        except _MALFORMED as error:
            logger.debug("cannot import node '%s'", name, exc_info=True)
            reason = f"its attributes and operands do not fit together ({first_line(error)})"
            faults = (self._refuse(node, name, known, reason, _VALUE_REMEDY),)
        added = () if node.op_type == "If" else tuple(self.builder.nodes[known:])
        self.visits.append(Visit(node, name, added, faults))

    def _refuse(
        self, node: onnx.NodeProto, name: str, known: int, reason: str, remedy: str
    ) -> Unsupported:
        """Drop what the node has added behind the ``known`` first ops and taint its results."""
        del self.builder.nodes[known:]
        self._fail(node)
        return Unsupported(name, node.op_type, reason, remedy, user_location(node))

    def _import(self, node: onnx.NodeProto, name: str) -> None:
        """Import one node.

        Raises:
            ModelError: The node cannot be imported; its problem is the reason.
        """
        self._check_defined(node)
        self.definers.claim(filter(None, node.output), f"{node.op_type} node '{name}'")
        if self._depends_on_failure(node):
            self._fail(node)
            if not self._is_foldable(node) and not _is_known(node):
                raise _refusal(node)
        elif node.op_type == "If" and node.input[0] in self.builder.folded:
            self._inline_branch(node, name)
        elif can_fold(node, self.builder):
            self._check_domain(node)
            fold(node, self.builder, self.opsets)
        elif _is_known(node):
            self._read(node, name)
        else:
            raise _refusal(node)

    def _read(self, node: onnx.NodeProto, name: str) -> None:
        self._check_schema(node)
        self._check_integers(node)
        reader = NodeReader(node, name, self.opsets[""], self.builder)
        readers()[node.op_type](reader)
        unread = reader.unread_attributes()
        if unread:
            raise UnsupportedAttributeError(f"attribute '{unread[0]}' is not supported")
        logger.debug("%s '%s' at opset %d", node.op_type, name, reader.opset)

    def _inline_branch(self, node: onnx.NodeProto, name: str) -> None:
        branch = taken_branch(node, name, self.builder.folded[node.input[0]])
        for tensor in branch.initializers:
            self.definers.claim([tensor.name], "an initializer of its branch")
            self.builder.folded[tensor.name] = to_array(tensor)
        self.visit(branch.nodes)
        for outer, inner in branch.outputs.items():
            self._alias(outer, inner)

    def _alias(self, outer: str, inner: str) -> None:
        builder = self.builder
        if inner in builder.folded:
            builder.folded[outer] = builder.folded[inner]
        elif inner in builder.stored:
            builder.stored[outer] = builder.stored[inner]
        elif inner in self.failed_constants:
            self.failed_constants.add(outer)
        elif inner in self.failed:
            self.failed.add(outer)
        else:
            raise UnsupportedAttributeError(f"its branch does not define its result '{inner}'")

    def _check_defined(self, node: onnx.NodeProto) -> None:
        for name in node.input:
            if name and not self.is_defined(name):
                raise UnsupportedAttributeError(
                    f"it reads '{name}', {self.definers.absence(name)}",
                    "" if name in self.definers.by_name else INVALID_GRAPH_REMEDY,
                )

    def is_defined(self, name: str) -> bool:
        """Whether a tensor has been read, folded or given up."""
        tables = (self.builder.folded, self.builder.stored, self.failed, self.failed_constants)
        return any(name in table for table in tables)

    def _depends_on_failure(self, node: onnx.NodeProto) -> bool:
        return any(name in self.failed or name in self.failed_constants for name in node.input)

    def _is_foldable(self, node: onnx.NodeProto) -> bool:
        """Whether the node would have been folded, had nothing failed before it."""
        if node.op_type in SHAPE_OPERATORS or node.op_type == "If":
            return True
        constants = (self.builder.folded, self.failed_constants)
        return all(not name or any(name in table for table in constants) for name in node.input)

    def _fail(self, node: onnx.NodeProto) -> None:
        constant = node.op_type != "If" and self._is_foldable(node)
        (self.failed_constants if constant else self.failed).update(filter(None, node.output))

    def _check_domain(self, node: onnx.NodeProto) -> None:
        if not _is_in_known_domain(node):
            raise _refusal(node)

    def _check_integers(self, node: onnx.NodeProto) -> None:
        """Refuse to take integers for the reals that they stand for."""
        integers = [name for name in node.input if name in self.builder.quantized]
        if integers and node.op_type != DEQUANTIZE:
            raise UnsupportedAttributeError(
                f"it computes with the integers of the quantized tensor '{integers[0]}'",
                "put DequantizeLinear before it and QuantizeLinear behind it, as quantizers in QDQ "
                "format do",
            )

    def _check_schema(self, node: onnx.NodeProto) -> None:
        """Refuse what the ONNX specification does not know: attributes, operands, versions."""
        if node.domain not in STANDARD_DOMAINS or node.op_type in _READ_THOUGH_DEPRECATED:
            return
        context = checker.C.CheckerContext()
        context.ir_version = onnx.IR_VERSION
        context.opset_imports = self.opsets
        try:
            checker.check_node(node, context)
        except checker.ValidationError as error:
            raise UnsupportedAttributeError(
                f"it is not valid in opset {self.opsets['']}: {first_line(error)}"
            ) from error

    def _unique_name(self, node: onnx.NodeProto) -> str:
        base = node.name or f"{node.op_type}_{len(self.names)}"
        name = unique_name(base, self.names, "_")
        self.names.add(name)
        return name


def start_walk(
    model: onnx.ModelProto, initializers: Mapping[str, AnyArray], ports: tuple[Port, ...]
) -> Walk:
    """Return a walk that knows the graph's inputs and the initializers that are used."""
    builder = GraphBuilder()
    for port in ports:
        builder.stored[port.name] = stored(port)
        builder.shapes[port.value] = port.storage_shape
    for value in graph_inputs(model.graph):
        kind = element_type(value)
        if kind is not ElementType.FLOAT32:
            builder.types[value.name] = kind
    builder.folded.update(initializers)
    definers = Definers()
    definers.claim((port.name for port in ports), "the graph's input")
    definers.claim(initializers, "the graph's initializer")
    opsets = {entry.domain: entry.version for entry in model.opset_import}
    opsets.setdefault("", opsets.pop("ai.onnx", 0))
    return Walk(builder, opsets, definers)


def _is_known(node: onnx.NodeProto) -> bool:
    return _is_in_known_domain(node) and node.op_type in readers()


def _is_in_known_domain(node: onnx.NodeProto) -> bool:
    """Whether the operator's name means what ONNX says; ONNX Runtime has some in its own domain."""
    contributed = node.domain == CONTRIB_DOMAIN and node.op_type in CONTRIB_OPERATORS
    return contributed or node.domain in STANDARD_DOMAINS


def _refusal(node: onnx.NodeProto) -> UnsupportedAttributeError:
    reason = "this operator is not supported"
    remedy = _REMEDIES.get(node.op_type, _OPERATOR_REMEDY)
    if node.domain not in STANDARD_DOMAINS:
        reason = f"operators of the domain '{node.domain}' are not supported"
    return UnsupportedAttributeError(reason, remedy)
