"""Names in the emitted C: checked once, made from indices and operator kinds, never from the model.

``<name>`` is the user's ``--name`` (or derived from the file name); every symbol starts with it,
every macro with its upper-case form.
"""

import re

from cnnc.codegen.header_names import hides_library_header
from cnnc.errors import UsageError

MAX_LENGTH = 32

_C_KEYWORDS = (
    "auto break case char const continue default do double else enum extern float for goto if "
    "inline int long register restrict return short signed sizeof static struct switch typedef "
    "union unsigned void volatile while"
)
_CPP_KEYWORDS = (
    "alignas alignof and and_eq asm bitand bitor bool catch char16_t char32_t char8_t class compl "
    "concept consteval constexpr constinit const_cast co_await co_return co_yield decltype delete "
    "dynamic_cast explicit export false final friend import module mutable namespace new noexcept "
    "not not_eq nullptr operator or or_eq override private protected public reinterpret_cast "
    "requires static_assert static_cast template this thread_local throw true try typeid typename "
    "using virtual wchar_t xor xor_eq"
)
# File names that Windows refuses whatever their suffix, and our own file and folder names.
_FILE_NAMES = (
    "con prn aux nul com1 com2 com3 com4 com5 com6 com7 com8 com9 "
    "lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9 main cnnc"
)

_RESERVED = frozenset(" ".join((_C_KEYWORDS, _CPP_KEYWORDS, _FILE_NAMES)).split())


def check_identifier(name: str) -> str:
    """Return the name if every symbol and file of a project may start with it.

    Args:
        name: What the user gave; ASCII letters, digits and underscores, a letter first.

    Raises:
        UsageError: Says which rule the name breaks.
    """
    fault = _fault(name)
    if fault is None:
        return name
    raise UsageError(
        f"'{name}' cannot be the name of the emitted code: {fault}",
        "give a short C identifier of letters, digits and underscores, e.g. --name keyword_net",
        "--name",
    )


def identifier_from(text: str) -> str:
    """Return a valid name that resembles the text (a file's stem), ``model`` if nothing is left."""
    name = re.sub(r"_+", "_", re.sub(r"[^a-z0-9]", "_", text.lower())).strip("_")
    name = name[:MAX_LENGTH].rstrip("_")
    if not name:
        return "model"
    if _fault(name) is None:
        return name
    return f"model_{name}"[:MAX_LENGTH].rstrip("_")


def layer_symbol(name: str, index: int, kind: str) -> str:
    """Return the name of a layer's function, e.g. ``lenet_layer_3_conv2d``."""
    return f"{name}_layer_{index}_{kind}"


def faster_symbol(layer: str, kernel_set: str) -> str:
    """Return the name of a layer's function in a kernel set, ``lenet_layer_3_conv2d_neon_dot``."""
    return f"{layer}_{kernel_set}"


def array_symbol(name: str, layer: int, role: str, repetition: int) -> str:
    """Return the name of a layer's constant array, e.g. ``lenet_layer_3_bias``.

    Args:
        name: Name of the network.
        layer: Index of the layer.
        role: What the kernel uses it for.
        repetition: How many arrays of the layer have this role before it.
    """
    suffix = f"_{repetition}" if repetition else ""
    return f"{name}_layer_{layer}_{role}{suffix}"


def constant_symbol(name: str, index: int) -> str:
    """Return the name of a constant operand."""
    return f"{name}_constant_{index}"


def _fault(name: str) -> str | None:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name, re.ASCII):
        return "it must be ASCII letters, digits and underscores, a letter first"
    if len(name) > MAX_LENGTH:
        return f"it is longer than {MAX_LENGTH} characters"
    if name.lower() in _RESERVED:
        return "it is a keyword or the name of a reserved file"
    if hides_library_header(name):
        return f"{name}.h would hide a header of the C library"
    if name.lower().startswith("cnnc_"):
        return "names that start with 'cnnc_' belong to the kernels"
    return None
