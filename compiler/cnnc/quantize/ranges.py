"""The real range of every value of a network, as calibration found it."""

from collections.abc import Mapping
from dataclasses import dataclass

from cnnc.errors import CalibrationError, InternalError
from cnnc.ir.types import Quantization
from cnnc.options import CalibrationMethod
from cnnc.quantize.parameters import format_of_range


@dataclass(frozen=True)
class ValueRange:
    """Closed interval of reals that int8 has to cover.

    Attributes:
        low: At most 0.
        high: At least 0.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= 0.0 <= self.high:
            raise ValueError(f"range [{self.low}, {self.high}] does not hold 0")

    def quantization(self) -> Quantization:
        """Return the int8 format that covers the range."""
        return format_of_range(self.low, self.high)


@dataclass(frozen=True)
class ValueRanges:
    """What calibration found.

    Attributes:
        ranges: Range of every graph input, constant and node output, by value key.
        samples: How many samples were seen.
        method: How ranges were chosen from what was seen.
    """

    ranges: Mapping[str, ValueRange]
    samples: int
    method: CalibrationMethod

    def range(self, value: str) -> ValueRange:
        """Return the range of a value.

        Raises:
            InternalError: The value was not calibrated.
        """
        if value not in self.ranges:
            raise InternalError(f"value '{value}' has no calibrated range")
        return self.ranges[value]

    def quantization(self, value: str) -> Quantization:
        """Return the int8 format of a value's own range.

        Raises:
            InternalError: The value was not calibrated.
            CalibrationError: int8 cannot cover the range.
        """
        return format_of_value(value, self.range(value))


def format_of_value(value: str, range_: ValueRange) -> Quantization:
    """Return the int8 format that covers a value's range.

    Raises:
        CalibrationError: There is none; names the value.
    """
    try:
        return range_.quantization()
    except ValueError as error:
        raise CalibrationError(
            f"the calibrated range of value '{value}' has no int8 format: {error}",
            "check the scale of the calibration data and of the weights",
            value,
        ) from error
