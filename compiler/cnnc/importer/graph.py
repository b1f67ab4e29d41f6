"""Questions about an ONNX graph that need no more than the file."""

from collections.abc import Iterable

import onnx

_STACK_TRACE = "pkg.torch.onnx.stack_trace"


def live_nodes(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Return the nodes that an output depends on, in graph order."""
    wanted = {value.name for value in graph.output}
    live = []
    for node in reversed(graph.node):
        if wanted.intersection(filter(None, node.output)):
            live.append(node)
            wanted |= used_names([node])
    return live[::-1]


def used_names(nodes: Iterable[onnx.NodeProto]) -> set[str]:
    """Return the tensors that nodes read, in their subgraphs too."""
    names: set[str] = set()
    for node in nodes:
        names.update(node.input)
        for attribute in node.attribute:
            if attribute.HasField("g"):
                names |= used_names(attribute.g.node)
                names.update(value.name for value in attribute.g.output)
    return names - {""}


def user_location(node: onnx.NodeProto) -> str | None:
    """Return the innermost ``file:line`` of the user's own code that the exporter recorded."""
    traces = [entry.value for entry in node.metadata_props if entry.key == _STACK_TRACE]
    lines = [line.strip() for trace in traces for line in trace.splitlines()]
    frames = [line for line in lines if line.startswith('File "') and '", line ' in line]
    own = [frame for frame in frames if "site-packages" not in frame]
    if not own:
        return None
    file, _, rest = own[-1].removeprefix('File "').partition('", line ')
    return f"{file}:{rest.partition(',')[0]}"
