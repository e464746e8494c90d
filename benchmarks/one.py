"""`python -m benchmarks.one NAME SIZE FILE`: one benchmark, in the process it is measured in."""

import json
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import django

from benchmarks.sizes import SIZES

if __name__ == "__main__":
    name, size, found = sys.argv[1:]
    django.setup()
    results = import_module(f"benchmarks.{name}").measure(SIZES[size])
    Path(found).write_text(json.dumps([asdict(each) for each in results]))
