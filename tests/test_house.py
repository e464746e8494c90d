"""House rules that no linter sees."""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "slotbridge"
ROOT = PACKAGE.parent
MODULES = [path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts]
TRANSACTIONS = {"his", "sync", "portal", "sandbox"}
CODE = [path for path in MODULES if "tests" not in path.parts]


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(
    "floor",
    [p for p in PACKAGE.iterdir() if p.is_dir() and p.name not in TRANSACTIONS],
)
def test_only_his_sync_portal_and_sandbox_open_transactions(floor):
    """A view or command makes one call below it; the webhook only says that it has none."""
    found = [
        str(path.relative_to(ROOT))
        for path in floor.rglob("*.py")
        if "tests" not in path.parts
        and re.search(
            r"transaction\.(atomic|on_commit|savepoint)|ATOMIC_REQUESTS", path.read_text()
        )
    ]
    assert found == []


def test_no_file_is_longer_than_a_room():
    long = [
        f"{path.relative_to(ROOT)}: {count}"
        for path in CODE
        if (count := len(path.read_text().splitlines())) > 500
    ]
    assert long == []


def test_no_model_overrides_save_and_no_signal_is_connected():
    found = [
        str(path.relative_to(ROOT))
        for path in CODE
        if re.search(r"post_save|pre_save|@receiver", path.read_text())
        or ("models" in str(path) and "def save(self" in path.read_text())
    ]
    assert found == []


def test_every_suppression_names_its_code_and_its_reason():
    bare = []
    for path in MODULES:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for match in re.finditer(r"# (noqa|type: ignore)(.*)", line):
                rest = match.group(2)
                has_code = re.match(r"(: [A-Z0-9, ]+|\[[a-z, -]+\])", rest)
                reason = re.sub(r"^(: [A-Z]+[0-9]+(, [A-Z]+[0-9]+)*|\[[a-z, -]+\])", "", rest)
                if not has_code or not re.search(r"[a-zA-Z]{3}", reason):
                    bare.append(f"{path.relative_to(ROOT)}:{number}")
    assert bare == []


def test_the_version_is_that_of_the_changelog():
    newest = re.search(r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert newest.group(1) == version.group(1)


@pytest.mark.django_db(databases=["default", "sandbox", "portal"])
def test_migrations_are_complete():
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
