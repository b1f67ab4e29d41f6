"""Who defines each tensor name of an ONNX graph: every name has one definition."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from cnnc.errors import UnsupportedAttributeError

INVALID_GRAPH_REMEDY = (
    "the graph breaks a rule of ONNX: export the model again, and try onnx.checker.check_model on "
    "the file"
)


@dataclass
class Definers:
    """Tensor names and what has defined them.

    Attributes:
        by_name: Tensor name -> its definition in words, e.g. ``Relu node 'r'``.
    """

    by_name: dict[str, str] = field(default_factory=dict)

    def claim(self, names: Iterable[str], definer: str) -> None:
        """Remember who defines tensors.

        Raises:
            UnsupportedAttributeError: One is defined already.
        """
        for name in names:
            if name in self.by_name:
                raise UnsupportedAttributeError(
                    f"it defines '{name}', which {self.by_name[name]} defines already",
                    INVALID_GRAPH_REMEDY,
                )
            self.by_name[name] = definer

    def absence(self, name: str) -> str:
        """Return why a tensor has no value, to be put behind its name."""
        if name in self.by_name:
            return f"a result of {self.by_name[name]} that is not supported"
        return "which no input, initializer or node before it defines"
