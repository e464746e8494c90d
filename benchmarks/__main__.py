"""`make bench`: what Slotbridge does in a second, against the least that could be done.

python -m benchmarks                    all of them, about half an hour on two cores
python -m benchmarks bookings memory    these
python -m benchmarks --quick            smaller, for a first look
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from time import monotonic

from rich.console import Console

from benchmarks.ground import BenchmarkFailed, ground
from benchmarks.results import Result, table
from benchmarks.sizes import SIZES

NAMES = (
    "listing_days",
    "slot_to_portal",
    "portal_writes",
    "first_load",
    "replay",
    "patrols",
    "bookings",
    "memory",
    "free_slots",
    "fan_out",
    "exports",
    "free_times",
    "imports",
)
_WIDTH = 130


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--quick", dest="size", action="store_const", const="quick")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures here, too")
    asked = parser.parse_args(words)
    unknown = sorted(set(asked.names) - set(NAMES))
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(NAMES)}")
    return asked


def main(words: Sequence[str] | None = None) -> int:
    asked = _arguments(words)
    console = Console()
    if not console.is_terminal:
        console.width = _WIDTH  # of a log: a name and its figures in one line
    results: list[Result] = []
    try:
        with ground() as here:
            console.print(
                f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python"
                f" {platform.python_version()}; a durable commit takes"
                f" {here.commit_seconds() * 1000:.2f} ms; size: {asked.size}"
            )
            for name in asked.names or NAMES:
                begun = monotonic()
                results += here.measure(name, asked.size)
                console.print(f"{name}: {monotonic() - begun:.0f} s", style="dim")
    except BenchmarkFailed as failure:
        console.print(str(failure), style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("Stopped; nothing is left running.")
        return 130
    console.print(table(results))
    if asked.json is not None:
        asked.json.write_text(json.dumps([asdict(each) for each in results], indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
