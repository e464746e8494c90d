"""Compiled translations on a machine without gettext, from a package that cannot be written."""

import gettext

from slotbridge.kit import catalogues

PO = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'


def write(sources, text):
    folder = sources / "pl" / "LC_MESSAGES"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "django.po").write_text(PO + f'msgid "Staff"\nmsgstr "{text}"\n')


def read(compiled):
    return gettext.translation("django", compiled, ["pl"]).gettext("Staff")


def test_a_catalogue_is_compiled_outside_the_package(tmp_path):
    sources = tmp_path / "package"
    write(sources, "Personel")

    compiled = catalogues.compiled(sources, tmp_path / "data")

    assert read(compiled) == "Personel"
    assert list(sources.rglob("*.mo")) == []


def test_the_second_start_compiles_nothing(tmp_path):
    write(tmp_path / "package", "Personel")
    first = catalogues.compiled(tmp_path / "package", tmp_path / "data")
    (mo,) = first.rglob("*.mo")
    written = mo.stat().st_mtime_ns

    second = catalogues.compiled(tmp_path / "package", tmp_path / "data")

    assert (second, mo.stat().st_mtime_ns) == (first, written)


def test_a_changed_catalogue_is_compiled_anew_and_the_old_one_stays_for_who_reads_it(tmp_path):
    write(tmp_path / "package", "Personel")
    old = catalogues.compiled(tmp_path / "package", tmp_path / "data")
    write(tmp_path / "package", "Pracownicy")

    new = catalogues.compiled(tmp_path / "package", tmp_path / "data")

    assert (read(old), read(new)) == ("Personel", "Pracownicy")
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == sorted(
        [old.name, new.name]
    )
