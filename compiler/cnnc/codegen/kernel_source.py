"""Read kernel headers: field order of the parameter struct, types of the pointers, what to copy.

runtime/NAMING.md says what a header looks like; whatever breaks that is reported as our own bug,
before a C compiler sees it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources.abc import Traversable

from cnnc.errors import InternalError
from cnnc.resources import tree

_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_FIELD = re.compile(r"(int32_t|float)\s+(\w+(?:\s*,\s*\w+)*)\Z")


@dataclass(frozen=True)
class KernelSource:
    """What the emitter needs to know of one kernel.

    Attributes:
        function: C function, ``cnnc_<kernel>``.
        header: File name of its header.
        struct: Name of the parameter struct.
        fields: Fields of the struct in order, int32_t or float.
        float_fields: Those that are float.
        pointer_types: Element type of each pointer argument, e.g. ``int8_t``.
        headers: Every header that must be copied for it, itself included.
    """

    function: str
    header: str
    struct: str
    fields: tuple[str, ...]
    float_fields: frozenset[str]
    pointer_types: tuple[str, ...]
    headers: frozenset[str]


@cache
def runtime_headers() -> Mapping[str, str]:
    """Return the text of every runtime header that may be copied into a project, by file name.

    Raises:
        InternalError: Two headers have the same name.
    """
    return _texts(".h")


@cache
def runtime_assembly() -> Mapping[str, str]:
    """Return the text of every assembly source of the kernels, by file name.

    Raises:
        InternalError: Two files have the same name.
    """
    return _texts(".S")


def assembly_of(headers: Iterable[str]) -> tuple[str, ...]:
    """Return the assembly sources that belong to headers: those of the same stem, sorted."""
    stems = {header.removesuffix(".h") for header in headers}
    return tuple(sorted(n for n in runtime_assembly() if n.removesuffix(".S") in stems))


def _texts(suffix: str) -> Mapping[str, str]:
    root = tree("runtime")
    texts: dict[str, str] = {}
    for file in [*_files_in(root, suffix), *_files_below(root / "kernels", suffix)]:
        if file.name in texts:
            raise InternalError(f"two runtime files are named {file.name}")
        texts[file.name] = file.read_text(encoding="utf-8")
    return texts


@cache
def kernel_source(kernel: str, folder: str) -> KernelSource:
    """Return the interface of one kernel.

    Args:
        kernel: Name without ``cnnc_``, e.g. ``conv2d_s8``.
        folder: Folder below ``runtime/kernels/``.

    Raises:
        InternalError: The header is missing or does not follow runtime/NAMING.md.
    """
    function = f"cnnc_{kernel}"
    header = f"{function}.h"
    if not (tree("runtime") / "kernels" / folder / header).is_file():
        raise InternalError(f"runtime/kernels/{folder}/{header} does not exist")
    headers = closure([header])
    arguments = _arguments(header, function)
    struct = re.fullmatch(r"const struct (\w+) ?\*.*", arguments[0])
    if struct is None:
        raise InternalError(f"{header}: the first argument of {function} is no parameter struct")
    fields = _fields(sorted(headers), struct.group(1))
    return KernelSource(
        function=function,
        header=header,
        struct=struct.group(1),
        fields=tuple(fields),
        float_fields=frozenset(name for name, kind in fields.items() if kind == "float"),
        pointer_types=tuple(_element_type(header, text) for text in arguments[1:]),
        headers=headers,
    )


def closure(headers: list[str]) -> frozenset[str]:
    """Return the headers and everything that they include, directly or not.

    Raises:
        InternalError: A header is missing, or is included by a path instead of its plain name.
    """
    known = runtime_headers()
    found: set[str] = set()
    pending = list(headers)
    while pending:
        name = pending.pop()
        if name in found:
            continue
        if name not in known:
            raise InternalError(f"runtime has no header '{name}' (include by plain file name)")
        found.add(name)
        pending += _INCLUDE.findall(known[name])
    return frozenset(found)


def _files_in(folder: Traversable, suffix: str) -> list[Traversable]:
    entries = [entry for entry in folder.iterdir() if entry.name.endswith(suffix)]
    return sorted(entries, key=lambda entry: entry.name)


def _files_below(folder: Traversable, suffix: str) -> list[Traversable]:
    found = _files_in(folder, suffix)
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            found += _files_below(entry, suffix)
    return found


def _code(header: str) -> str:
    return _COMMENT.sub(" ", runtime_headers()[header])


def _arguments(header: str, function: str) -> list[str]:
    match = re.search(
        rf"CNNC_(?:SHARED_)?KERNEL\s+void\s+{re.escape(function)}\s*\(([^)]*)\)\s*\{{",
        _code(header),
    )
    if match is None:
        raise InternalError(
            f"{header} does not define CNNC_KERNEL or CNNC_SHARED_KERNEL void {function}(...)"
        )
    return [" ".join(argument.split()) for argument in match.group(1).split(",")]


def _fields(headers: list[str], struct: str) -> dict[str, str]:
    """Return the C type of each field, in order."""
    for header in headers:
        match = re.search(rf"struct\s+{struct}\s*\{{([^}}]*)\}}\s*;", _code(header))
        if match is not None:
            return _field_types(header, match.group(1))
    raise InternalError(f"no header defines struct {struct}")


def _field_types(header: str, body: str) -> dict[str, str]:
    types: dict[str, str] = {}
    for declaration in body.split(";"):
        text = declaration.strip()
        if not text:
            continue
        match = _FIELD.fullmatch(text)
        if match is None:
            raise InternalError(f"{header}: field '{text}' is neither int32_t nor float")
        types.update(dict.fromkeys(re.split(r"\s*,\s*", match.group(2)), match.group(1)))
    return types


def _element_type(header: str, argument: str) -> str:
    match = re.fullmatch(r"(?:const )?(\w+) ?\* ?(?:CNNC_RESTRICT )?\w+", argument)
    if match is None:
        raise InternalError(f"{header}: argument '{argument}' is not a pointer")
    return match.group(1)
