"""docs/proofs.md names a test for every requirement and rule, operation and notification."""

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from tests.contract_checker import METHODS, Contract

ROOT = Path(__file__).parent.parent
PROOFS = ROOT / "docs" / "proofs.md"
REQUIREMENTS = ROOT / "docs" / "reference" / "jhis-znanylekarz.md"
# Tests that go through the whole list: they name it, not its lines.
WALKS = {
    "test_an_operation_is_asked_and_answered_as_the_contract_says",
    "test_every_operation_succeeds_as_the_contract_says",
    "test_every_call_of_the_contract_is_served_and_the_push_is_the_44th_operation",
    "test_the_portals_own_call_has_an_event_for_each_callback",
    "test_a_day_tells_every_event_of_the_contract_in_its_shape",
    "test_every_example_is_read_as_what_it_is_about",
}
PROOF = re.compile(r"`([\w/.]+\.py)`::(\w+)")


def rules():
    text = REQUIREMENTS.read_text()
    required = re.findall(r"^ *- \*\*(R[0-9]+[a-z]?)\b", text, re.MULTILINE)
    decided = re.findall(r"^\| (A[0-9]+) \|", text, re.MULTILINE)
    return required + decided


def operations():
    return [
        operation["operationId"]
        for path, methods in Contract().document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]


def events():
    return list(Contract().document["x-notification-schemas"])


@cache
def proofs():
    """What the table names as the proof of each thing: {rule: [(file, test)]}."""
    found = defaultdict(list)
    for line in PROOFS.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) >= 2:
            found[cells[0].strip("`")] += PROOF.findall(line)
    return found


@cache
def functions_of(path):
    """{name of a test: its source} of one file."""
    source = (ROOT / path).read_text()
    return {
        node.name: ast.get_source_segment(source, node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_the_reference_is_read_as_it_is_meant():
    assert len(rules()) == len(set(rules()))
    assert {"R1", "R6c", "R16b", "R26a", "R28", "A1", "A66"} <= set(rules())
    assert (len(operations()), len(events())) == (44, 17)


@pytest.mark.parametrize("rule", rules())
def test_every_requirement_and_rule_has_a_test_that_names_it(rule):
    assert proofs()[rule], f"docs/proofs.md names no test for {rule}"
    for path, name in proofs()[rule]:
        source = functions_of(path)[name]
        named = re.search(rf"\b{rule}\b", source) or f"_{rule.lower()}_" in f"_{name}_"
        assert named, f"{path}::{name} does not say that it is about {rule}"


@pytest.mark.parametrize("name", [*operations(), *events()])
def test_every_operation_and_notification_has_a_test(name):
    assert proofs()[name], f"docs/proofs.md names no test for {name}"
    for path, test in proofs()[name]:
        assert test in functions_of(path), f"{path} has no {test}"
        named = name in (ROOT / path).read_text()
        assert named or test in WALKS, f"{path} never mentions {name}"


def test_no_proof_is_about_something_that_is_not_there():
    assert [name for name in proofs() if name not in {*rules(), *operations(), *events(),
            "Rule", "Operation", "Notification", "---"}] == []  # fmt: skip
