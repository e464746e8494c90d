"""Coming in and going out of the staff's pages."""

from datetime import timedelta

import pytest

from slotbridge.portal import staff
from slotbridge.portal.models import LoginTry, StaffMember
from slotbridge.portal.pages import access
from tests.portal.pages.conftest import Browser
from tests.portal.staffing import PASSWORD, logged_in, make_member, make_operator

pytestmark = pytest.mark.django_db(databases=["portal"])


@pytest.fixture
def anna(clinic):
    return make_member(clinic)


def log_in(browser, **typed):
    form = browser.get("/staff/login/?lang=en")
    return form.press("Log in", **{"login": "anna", "password": PASSWORD} | typed)


def put_cookie(browser, value):
    # Where the browser keeps those that the portal sets, or it would send two of one name.
    browser.http.cookies.set(access.COOKIE, value, domain="localhost.local")


def is_inside(browser):
    return browser.get("/staff/").path != "/staff/login/?next=%2Fstaff%2F"


def test_a_member_comes_to_the_own_clinics_overview(anna, english):
    page = log_in(english)

    assert page.path == f"/staff/{anna.clinic.public_id}/"
    assert anna.clinic.name in page.main


def test_an_operator_comes_to_the_clinics(db_of_portal, english):
    make_operator()

    assert log_in(english, login="olga").path == "/operator/"


def test_whoever_is_not_logged_in_comes_back_after_logging_in(anna, english):
    wanted = f"/staff/{anna.clinic.public_id}/imports/?outcome=error"
    english.get("/?lang=en")
    asked = english.get(wanted)
    assert "Log in" in asked.title

    page = asked.press("Log in", login="anna", password=PASSWORD)

    assert page.path == wanted


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/staff/", "//evil.example", "/\\evil.example", "/orders/"]
)
def test_nobody_is_sent_elsewhere_by_logging_in(anna, english, elsewhere):
    page = log_in(english, next=elsewhere)

    assert page.path == f"/staff/{anna.clinic.public_id}/"


def test_a_wrong_password_and_an_unknown_login_read_the_same(anna, english):
    wrong = log_in(english, password="wrong")
    unknown = log_in(english, login="nobody", password="wrong")

    assert (wrong.status, unknown.status) == (403, 403)
    assert wrong.main == unknown.main
    assert "do not fit together" in wrong.main
    assert not is_inside(english)


def test_too_many_tries_are_told_to_wait(anna, english, frozen):
    for _n in range(staff.TRIES_OF_A_LOGIN):
        log_in(english, password="wrong")

    page = log_in(english)

    assert page.status == 429
    assert "Come back in 15 minutes" in page.main
    assert not is_inside(english)


def test_the_password_is_not_shown_again_after_a_wrong_try(anna, english):
    assert "my-wrong-password" not in log_in(english, password="my-wrong-password").text


def test_the_cookie_is_kept_from_scripts_and_other_sites(anna):
    browser = Browser("en")
    answer = log_in(browser).response.history[-1]

    cookies = answer.headers.get_list("set-cookie")
    (session,) = [each for each in cookies if each.startswith(access.COOKIE)]
    assert "HttpOnly" in session
    assert "SameSite=Lax" in session
    assert "Max-Age=43200" in session


def test_a_session_ends_after_twelve_hours_however_busy_it_is(anna, frozen):
    browser = logged_in(anna)
    for _hour in range(11):
        frozen.shift(timedelta(hours=1))
        assert is_inside(browser)

    frozen.shift(timedelta(hours=1, seconds=1))

    assert not is_inside(browser)


def test_logging_out_ends_the_session_in_every_browser(anna):
    here, there = logged_in(anna), logged_in(anna)
    kept = here.http.cookies[access.COOKIE]

    page = here.get("/staff/").press("Log out")

    assert page.path == "/staff/login/"
    assert not is_inside(there)
    put_cookie(here, kept)
    assert not is_inside(here)


def test_a_link_does_not_log_out(anna):
    browser = logged_in(anna)

    browser.get("/staff/logout/")

    assert is_inside(browser)


def test_whoever_is_switched_off_is_out_at_once(anna):
    browser = logged_in(anna)

    staff.switch_member(member=anna, is_active=False, by="olga")

    assert not is_inside(browser)


def test_every_log_in_begins_a_session_of_its_own(anna):
    """A cookie or a form's secret from before the log-in is worth nothing after it."""
    browser = Browser("en")
    put_cookie(browser, "planted")
    stale = browser.get("/staff/login/")
    log_in(browser)

    assert browser.http.cookies[access.COOKIE] != "planted"
    assert logged_in(anna).http.cookies[access.COOKIE] != browser.http.cookies[access.COOKIE]
    assert stale.press("Log in", login="anna", password=PASSWORD).status == 403


@pytest.mark.parametrize("cookie", ["", "nonsense", "eyJtZW1iZXIiOjF9:1abcde:signature"])
def test_a_cookie_that_we_did_not_sign_is_nobody(anna, english, cookie):
    put_cookie(english, cookie)

    assert not is_inside(english)


def test_a_new_password_keeps_this_browser_and_ends_the_others(anna):
    here, there = logged_in(anna), logged_in(anna)

    page = here.get("/staff/password/").press(
        "Set the password", old=PASSWORD, new="nine loud geese", again="nine loud geese"
    )

    assert "The new password is set" in page.main
    assert is_inside(here)
    assert not is_inside(there)
    assert log_in(Browser("en"), password="nine loud geese").status == 200


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"old": "wrong"}, "not your present password"),
        ({"again": "another one here"}, "differ"),
        ({"new": "short", "again": "short"}, "at least 10 characters"),
        ({"new": "password123", "again": "password123"}, "attacker"),
    ],
)
def test_a_password_that_will_not_do_says_why(anna, typed, told):
    browser = logged_in(anna)
    typed = {"old": PASSWORD, "new": "nine loud geese", "again": "nine loud geese"} | typed

    page = browser.get("/staff/password/").press("Set the password", **typed)

    assert page.status == 422
    assert told in page.main
    assert staff.log_in(login="anna", password=PASSWORD, address="192.0.2.1") == anna


def test_whoever_sits_at_an_open_session_cannot_guess_the_password(anna):
    browser = logged_in(anna)
    typed = {"old": "wrong", "new": "nine loud geese", "again": "nine loud geese"}
    for _n in range(staff.TRIES_OF_A_LOGIN):
        browser.get("/staff/password/").press("Set the password", **typed)

    page = browser.get("/staff/password/").press("Set the password", **typed | {"old": PASSWORD})

    assert "Too many wrong passwords" in page.main
    assert LoginTry.objects.count() == staff.TRIES_OF_A_LOGIN
    assert StaffMember.objects.get(pk=anna.pk).password == anna.password


def test_the_page_speaks_the_members_language_where_nobody_chose_one(clinic):
    make_member(clinic, "john", language="en")
    browser = Browser("ru")
    form = browser.get("/staff/login/")
    assert 'lang="ru"' in form.text

    page = form.browser.post(
        "/staff/login/",
        {
            "csrfmiddlewaretoken": form.tree.xpath("//input[@name='csrfmiddlewaretoken']/@value")[
                0
            ],
            "login": "john",
            "password": PASSWORD,
        },
    )

    assert "Orders to answer" in page.main
