"""People who log in, and their browsers."""

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
