"""What a run found: figures, some of which must not be passed."""

import statistics
from collections.abc import Mapping, Sequence
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
        return f"{self.name:66} {self.shown:>10}   {promise:12}{'' if self.is_met else '   NOT MET'}"

    @property
    def shown(self) -> str:
        """Return the value: a count, or seconds and milliseconds as far as they mean something."""
        return (
            f"{self.value:,.0f}"
            if self.value >= 100 or self.value == int(self.value)
            else f"{self.value:.1f}"
        )


def p99(seconds: Sequence[float]) -> float:
    """Return the 99th percentile in milliseconds."""
    return statistics.quantiles(seconds, n=100)[98] * 1e3


def table(runs: Mapping[str, Sequence[Figure]]) -> str:
    """Return the figures of these runs, by database, as the table of docs/reliability.md."""
    found = {kind: {figure.name: figure for figure in figures} for kind, figures in runs.items()}
    names = dict.fromkeys(name for figures in found.values() for name in figures)
    lines = [f"| figure | at most | {' | '.join(found)} |", f"| --- | --- |{' --- |' * len(found)}"]
    for name in names:
        cells = [figures.get(name) for figures in found.values()]
        most = next(figure.most for figure in cells if figure)
        shown = " | ".join(figure.shown if figure else "" for figure in cells)
        lines.append(f"| {name.strip()} | {'' if most is None else f'{most:g}'} | {shown} |")
    return "\n".join(lines)
