"""People who log in, and their browsers."""

from django.db import connections
from django.test.utils import CaptureQueriesContext

from slotbridge.portal import staff
from tests.portal.pages.conftest import Browser

PASSWORD = "seven calm herons"


def make_member(clinic, login="anna", **how):
    how = {"name": "Анна Сергеевна", "password": PASSWORD, "by": "operator"} | how
    return staff.add_member(clinic=clinic, login=login, **how)


def make_operator(login="olga", **how):
    return make_member(None, login, **{"name": "Ольга Ивановна"} | how)


def logged_in(member, language="en"):
    """A browser in which the member has logged in as people do."""
    browser = Browser(language)
    browser.get(f"/staff/login/?lang={language}").press(
        "Log in", login=member.login, password=PASSWORD
    )
    return browser


def queries_of(browser, path):
    """How many queries the page takes."""
    with CaptureQueriesContext(connections["portal"]) as queries:
        browser.get(path)
    return len(queries)


def rows_of(page):
    """The texts of the cells of every table's rows."""
    return [
        [" ".join(cell.text_content().split()) for cell in row.xpath("./th|./td")]
        for row in page.tree.xpath("//tbody/tr")
    ]
