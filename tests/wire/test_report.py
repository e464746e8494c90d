import io

from slotbridge.wire.medihost.model import Section, SyncMode
from slotbridge.wire.medihost.report import SectionFound, validate
from tests.wire.documents import sample


def _validated(name, **options):
    return validate(io.BytesIO(sample(name)), **options)


def test_a_good_document():
    report = _validated("mis-export.xml")

    assert report.sections == (
        SectionFound(Section.GROUPS, None, 11),
        SectionFound(Section.RESOURCES, None, 70),
        SectionFound(Section.SCHEDULES, None, 27),
        SectionFound(Section.APPOINTMENTS, SyncMode.FULL, 1),
        SectionFound(Section.ORDERS, None, 2),
    )
    assert (report.problems, report.encoding, report.has_errors) == ((), "utf-8", False)


def test_a_bad_row():
    report = _validated("bad/bad-date.xml")

    assert [each.code for each in report.problems] == ["E_DATE"]
    assert report.has_errors
    assert report.refused is None


def test_a_warning_is_no_error():
    assert not _validated("tolerated/odd-formats.xml").has_errors


def test_a_refused_document_shows_what_was_found_before():
    report = _validated("bad/truncated.xml")

    assert report.refused.code == "E_NOT_WELL_FORMED"
    assert report.has_errors
    assert [each.received for each in report.sections] == [11, 70]


def test_a_document_whose_encoding_is_not_known():
    report = _validated("bad/xxe.xml")

    assert (report.refused.code, report.encoding, report.sections) == ("E_DTD", "", ())


def test_a_missing_key_refuses_an_import_but_not_an_export():
    assert _validated("bad/missing-client-key.xml").refused.code == "E_KEY_MISSING"
    assert _validated("bad/missing-client-key.xml", export=True).refused is None
