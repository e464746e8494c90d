"""Received documents: what became of them, and themselves shown again."""

from datetime import timedelta

import pytest

from slotbridge.kit import clock
from slotbridge.portal.models import Deed, DocumentPart, ReceivedDocument
from tests.portal.pages.conftest import Browser
from tests.portal.staffing import logged_in, make_member, queries_of, rows_of

pytestmark = pytest.mark.django_db(databases=["portal"])
KEY = "9DDDE578-5179-4CC4-A2A0-F681618ED9EA"
AT = 'resource_id="7" ReceptionDateTime'
PARTLY = f"""<MediExchange ClientKey="{KEY}">
<Appointments SyncMode="diff">
<a tablename="T" id="1" {AT}="31.02.2010 10:00:00" Duration="30" Title="Липова &lt;b&gt;"/>
<a tablename="T" id="2" {AT}="01.07.2010 10:00:00" Duration="30"/>
</Appointments></MediExchange>"""


@pytest.fixture
def browser(clinic):
    return logged_in(make_member(clinic))


@pytest.fixture
def document(clinic, post_xml):
    assert post_xml(PARTLY.encode()).status_code == 200
    return ReceivedDocument.objects.get()


def page_of(browser, document, more=""):
    return browser.get(f"/staff/{document.clinic.public_id}/imports/{document.public_id}/{more}")


def test_the_result_names_code_line_key_and_reason(browser, document):
    page = page_of(browser, document)

    assert "applied in part" in page.main
    counts, date, resource = rows_of(page)
    assert counts == ["Appointments diff", "2", "0", "0", "0", "0", "0", "1", "1"]
    assert date[:3] == ["E_DATE", "3", "Appointments T/1 ReceptionDateTime"]
    assert resource[:3] == ["W_RESOURCE", "4", "Appointments T/2 resource_id"]


def test_a_message_leads_to_its_line_in_the_document(browser, document):
    page = page_of(browser, document).link("3")

    (line,) = page.tree.xpath("//li[@id='L3']")
    assert "31.02.2010" in line.text_content()
    assert line.get("class") == "told"
    assert page.path.endswith("?line=3")


def test_what_to_do_follows_from_what_was_left_undone(browser, document):
    """A row in error is mended in the program; a deletion that is meant is released here."""
    mend, release = "Mend the rows in your program", "release the deletion"
    told = page_of(browser, document).main
    assert (mend in told, release in told) == (True, False)

    document.sections[0] |= {"skipped": 0, "withheld": 69}
    document.save(update_fields=["sections"])

    told = page_of(browser, document)
    assert (mend in told.main, release in told.main) == (False, True)
    assert told.link("Overview").path == f"/staff/{document.clinic.public_id}/"


def test_a_message_says_in_which_language_it_was_answered(browser, document):
    """The page may be English; what the clinic's program was answered stays as it was."""
    spoken = page_of(browser, document).tree.xpath("//table[@class='messages']//td[@lang]/@lang")

    assert set(spoken) == {document.clinic.language}


def test_the_document_is_text_and_never_markup(browser, document):
    page = page_of(browser, document, "text/")

    assert "Липова &amp;lt;b&amp;gt;" in page.text
    assert not page.tree.xpath("//li//b")


def test_the_client_key_is_masked_on_the_page(browser, document):
    page = page_of(browser, document, "text/")

    assert 'ClientKey="••••••••"' in page.main
    assert KEY not in page.text


def test_the_download_is_the_document_byte_for_byte(browser, document):
    answer = browser.http.get(
        f"/staff/{document.clinic.public_id}/imports/{document.public_id}/file/"
    )

    assert answer.content == PARTLY.encode()
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_reading_a_document_is_a_deed_and_reading_its_result_is_none(browser, document):
    page_of(browser, document)
    assert not Deed.objects.filter(action__startswith="document.").exists()

    page_of(browser, document, "text/")
    browser.http.get(f"/staff/{document.clinic.public_id}/imports/{document.public_id}/file/")

    deeds = Deed.objects.filter(action__startswith="document.").order_by("pk")
    assert [(each.actor, each.action, each.data) for each in deeds] == [
        ("anna", "document.read", {"document": document.pk}),
        ("anna", "document.download", {"document": document.pk}),
    ]


def test_nobody_reads_a_document_without_logging_in(document):
    for more in ("text/", "file/"):
        page = Browser("en").get(
            f"/staff/{document.clinic.public_id}/imports/{document.public_id}/{more}"
        )
        assert "Липова" not in page.text
    assert not Deed.objects.filter(action__startswith="document.").exists()


def test_a_document_sealed_with_a_lost_key_says_so(browser, document, settings):
    DocumentPart.objects.all().update(sealed=b"sealed with another secret")

    page = page_of(browser, document, "text/")

    assert "no longer has" in page.main
    assert not Deed.objects.filter(action="document.read").exists()


def test_a_refused_document_is_kept_and_says_that_nothing_changed(browser, clinic, post_xml):
    post_xml(f'<MediExchange ClientKey="{KEY}"><Appointments'.encode())

    page = browser.get(f"/staff/{clinic.public_id}/imports/?outcome=error")
    result = page.link(":")

    assert "refused" in result.main
    assert "Nothing of this document was applied" in result.main
    assert "E_NOT_WELL_FORMED" in result.main


def test_imports_are_paged_the_newest_first(browser, clinic):
    for minutes in range(60):
        at = clock.now() - timedelta(minutes=minutes)
        ReceivedDocument.objects.create(
            clinic=clinic, received_at=at, size=minutes + 1, outcome="ok"
        )

    first = browser.get(f"/staff/{clinic.public_id}/imports/")
    second = first.link("Older")

    assert [len(rows_of(page)) for page in (first, second)] == [50, 10]
    assert rows_of(first)[0][3] == "1 byte"
    assert second.link("Newer").path.endswith("page=1")


def test_the_list_needs_as_many_queries_for_many_as_for_one(browser, clinic, post_xml):
    path = f"/staff/{clinic.public_id}/imports/"
    post_xml(PARTLY.encode())
    one = queries_of(browser, path)
    for _n in range(4):
        post_xml(PARTLY.encode())

    assert queries_of(browser, path) == one
