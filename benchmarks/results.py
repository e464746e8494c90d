"""What a benchmark found, and the table that shows it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from statistics import quantiles

from rich import box
from rich.table import Table


@dataclass(frozen=True)
class Result:
    """One line of the table, measured and floor of the same run and unit."""

    name: str
    measured: float
    floor: float
    unit: str
    aim: str = ""  # "" where nobody has set one
    met: bool | None = None

    @property
    def ratio(self) -> float:
        """Measured / floor; 1 where nothing was to be done and nothing was."""
        if self.floor == 0:
            return 1.0 if self.measured == 0 else inf
        return self.measured / self.floor


def percentile(values: Sequence[float], percent: int) -> float:
    """Between the two nearest values; of a single value, itself."""
    if len(values) == 1:
        return values[0]
    return quantiles(values, n=100, method="inclusive")[percent - 1]


_FORMATS: dict[str, Callable[[float], str]] = {
    "ms": "{:,.1f} ms".format,
    "MB": "{:,.1f} MB".format,
    "min": "{:,.2f} min".format,
    "s": "{:,.2f} s".format,
    "writes": "{:,.0f} writes".format,
}


def _show(value: float, unit: str) -> str:
    return _FORMATS[unit](value) if unit in _FORMATS else f"{value:,.0f} {unit}"


def table(results: Sequence[Result]) -> Table:
    shown = Table(box=box.SIMPLE_HEAD, title="Slotbridge, measured against floors of the same run")
    shown.add_column("name")
    for heading in ("measured", "floor", "ratio"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("aim", no_wrap=True)
    shown.add_column("met?")
    for each in results:
        met = {True: "[green]yes[/]", False: "[red]no[/]", None: ""}[each.met]
        shown.add_row(
            each.name,
            _show(each.measured, each.unit),
            _show(each.floor, each.unit),
            f"{each.ratio:.2f}",
            each.aim,
            met,
        )
    return shown
