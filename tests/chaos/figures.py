"""What a run found: figures, some of which must not be passed."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report; `most` is what it may be at most, None where nothing is promised."""

    name: str
    value: float
    most: float | None = None

    @property
    def is_met(self) -> bool:
        """Tell whether the promise is kept."""
        return self.most is None or self.value <= self.most

    def __str__(self) -> str:
        promise = "" if self.most is None else f"at most {self.most:g}"
        return f"{self.name:52} {self.value:10.6g}   {promise:12}{'' if self.is_met else '   NOT MET'}"


def p99(seconds: Sequence[float]) -> float:
    """Return the 99th percentile in milliseconds."""
    return statistics.quantiles(seconds, n=100)[98] * 1e3
