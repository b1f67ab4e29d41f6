"""Write a dataclass as JSON plus arrays, and read it back, by the type hints of its fields.

Known types: int, float, bool, str, None, StrEnum, Literal, unions of these, tuples, other frozen
dataclasses, and NumPy arrays. Floats are written as hexadecimal literals (``float.hex``), so that
they come back exactly and infinities are allowed. An array becomes its key in the array store.
"""

import math
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from cnnc.errors import InternalError
from cnnc.ir.op import FloatOp
from cnnc.ir.types import AnyArray
from cnnc.ops._definition import float_op_classes

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


class FieldError(ValueError):
    """Stored data do not fit the type that they should have; the text says where."""


class FieldWriter:
    """Turns values into JSON and collects their arrays.

    Attributes:
        arrays: Key -> array, in the order written.
    """

    def __init__(self) -> None:
        self.arrays: dict[str, AnyArray] = {}

    def write(self, value: object, path: str) -> Json:
        """Return the value as JSON.

        Args:
            value: Of one of the known types.
            path: Where the value is, e.g. ``nodes.3.op.weight``; names its array.

        Raises:
            InternalError: The type is not one of the known ones.
        """
        if isinstance(value, np.ndarray):
            self.arrays[path] = value
            return path
        if isinstance(value, tuple):
            return [self.write(item, f"{path}.{index}") for index, item in enumerate(value)]
        if isinstance(value, FloatOp):
            return {"class": type(value).__name__, "op": self.write_fields(value, path)}
        if is_dataclass(value) and not isinstance(value, type):
            return self.write_fields(value, path)
        return _scalar(value, path)

    def write_fields(self, value: Any, path: str) -> dict[str, Json]:  # noqa: ANN401 (dataclass)
        """Return a dataclass instance as a JSON object, one key a field."""
        return {
            entry.name: self.write(getattr(value, entry.name), f"{path}.{entry.name}")
            for entry in fields(value)
        }


def _scalar(value: object, path: str) -> Json:
    if isinstance(value, StrEnum):
        return value.value
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and not math.isnan(value):
        return float(value).hex()
    raise InternalError(f"{path}: {type(value).__name__} {value!r} cannot be written to a file")


class FieldReader:
    """Rebuilds typed values from JSON and arrays; everything is checked.

    Args:
        arrays: Key -> array.
    """

    def __init__(self, arrays: Mapping[str, AnyArray]) -> None:
        self._arrays = arrays

    def read_fields(self, cls: type[Any], stored: object, path: str) -> Any:  # noqa: ANN401
        """Return an instance of a dataclass.

        Raises:
            FieldError: A field is missing, unknown or of the wrong type.
        """
        if not isinstance(stored, dict):
            raise FieldError(f"{path} is not an object")
        hints = _hints(cls)
        _check_keys(set(hints), set(stored), path)
        values = {
            name: self.read(hint, stored[name], f"{path}.{name}") for name, hint in hints.items()
        }
        try:
            return cls(**values)
        except (TypeError, ValueError, InternalError) as error:
            # A class checks its own promises; here it is the file that broke one.
            raise FieldError(f"{path}: {error}") from error

    def read(self, hint: Any, stored: object, path: str) -> Any:  # noqa: ANN401 (by type hint)
        """Return the stored value as the type that the hint names.

        Raises:
            FieldError: It does not fit.
        """
        origin = get_origin(hint)
        if origin in (Union, types.UnionType):
            return self._read_union(hint, stored, path)
        if origin is tuple:
            return self._read_tuple(get_args(hint), stored, path)
        if origin is Literal:
            return _checked_choice(get_args(hint), stored, path)
        if origin is np.ndarray or hint is np.ndarray:
            return self._read_array(hint, stored, path)
        if isinstance(hint, type) and is_dataclass(hint):
            return self._read_dataclass(hint, stored, path)
        return _read_scalar(hint, stored, path)

    def _read_dataclass(self, cls: type[Any], stored: object, path: str) -> object:
        """Return an instance of the class; of the class that is named where any float op may be."""
        if cls is not FloatOp:
            return self.read_fields(cls, stored, path)
        if not isinstance(stored, dict) or set(stored) != {"class", "op"}:
            raise FieldError(f"{path} is not an operator")
        op_class = float_op_classes().get(str(stored["class"]))
        if op_class is None:
            raise FieldError(f"{path} has the unknown operator class '{stored['class']}'")
        return self.read_fields(op_class, stored["op"], path)

    def _read_union(self, hint: object, stored: object, path: str) -> object:
        options = [option for option in get_args(hint) if option is not type(None)]
        if len(options) == 1 and stored is not None:
            # What is wrong with the one type that it can be says more than the union does.
            return self.read(options[0], stored, path)
        for option in get_args(hint):
            try:
                return self.read(option, stored, path)
            except FieldError:
                continue
        raise FieldError(f"{path} is none of the types allowed")

    def _read_tuple(self, items: tuple[Any, ...], stored: object, path: str) -> tuple[Any, ...]:
        if not isinstance(stored, list):
            raise FieldError(f"{path} is not a list")
        if len(items) == 2 and items[1] is Ellipsis:
            items = (items[0],) * len(stored)
        if len(items) != len(stored):
            raise FieldError(f"{path} has {len(stored)} items, not {len(items)}")
        return tuple(
            self.read(hint, item, f"{path}.{index}")
            for index, (hint, item) in enumerate(zip(items, stored, strict=True))
        )

    def _read_array(self, hint: object, stored: object, path: str) -> AnyArray:
        if not isinstance(stored, str) or stored not in self._arrays:
            raise FieldError(f"array {stored!r} of {path} is missing")
        array = self._arrays[stored]
        wanted = _element_type(hint)
        if wanted is not None and not np.issubdtype(array.dtype, wanted):
            raise FieldError(f"array {stored!r} holds {array.dtype}, not {wanted.__name__}")
        return array


def _hints(cls: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {entry.name: hints[entry.name] for entry in fields(cls)}


def _check_keys(expected: set[str], found: set[str], path: str) -> None:
    if expected == found:
        return
    missing, unknown = sorted(expected - found), sorted(found - expected)
    raise FieldError(f"{path}: missing {missing}, unknown {unknown}")


def _checked_choice(choices: tuple[object, ...], stored: object, path: str) -> object:
    if stored not in choices:
        raise FieldError(f"{path} is {stored!r}, not one of {list(choices)}")
    return stored


def _read_scalar(hint: object, stored: object, path: str) -> object:
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint(str(_checked_choice(tuple(item.value for item in hint), stored, path)))
    if hint is float and isinstance(stored, str):
        return _float_from_hex(stored, path)
    # bool is a subclass of int; only the exact type fits.
    if hint in (bool, int, str, type(None)) and type(stored) is hint:
        return stored
    raise FieldError(f"{path} is {stored!r}, not {getattr(hint, '__name__', hint)}")


def _float_from_hex(stored: str, path: str) -> float:
    try:
        return float.fromhex(stored)
    except (ValueError, OverflowError) as error:
        raise FieldError(f"{path} is {stored!r}, not a float") from error


def _element_type(hint: object) -> "type[np.generic] | None":
    """Return the scalar type of ``ndarray[Any, dtype[T]]``."""
    for argument in get_args(hint):
        if get_origin(argument) is np.dtype:
            (element,) = get_args(argument)
            return element if isinstance(element, type) else None
    return None
