"""„Portale” → what would be written, comparisons, and going live: pressed by an administrator."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from slotbridge.kit import clock
from slotbridge.sync import writing
from slotbridge.sync.models import Account, Difference, Listing, PatrolReport
from tests.web.house import CHANNEL
from tests.web.reading import content

REHEARSAL = reverse("portal-rehearsal", args=[CHANNEL])
REPORTS = reverse("portal-reports", args=[CHANNEL])
WRITING = reverse("portal-writing", args=[CHANNEL])
ENGLISH = {"accept-language": "en"}


def text(client, url):
    answer = client.get(url, headers=ENGLISH)
    assert answer.status_code == 200
    return content(answer)


def press(client, what, **data):
    return client.post(WRITING, {"what": what} | data, follow=True, headers=ENGLISH)


@pytest.fixture
def rehearsed(house):
    house.connect()
    writing.start_rehearsal(account=house.account, by="tests")
    house.open("09:00", 3, visible=True)
    return house


def account(house):
    return Account.objects.get(pk=house.account.pk)


def test_the_rehearsal_shows_each_calendar_and_the_minutes_it_takes(rehearsed, admin):
    page = text(admin, REHEARSAL)
    assert "Źrebiec" in page
    assert "requests in all" in page
    assert "about 1 minute" in page
    assert "nothing is written until you go live" in page


def test_going_live_is_confirmed_and_shows_how_far_it_has_come(rehearsed, admin):
    assert "Go live…" in text(admin, REHEARSAL), "a press opens the question, another answers it"
    page = press(admin, "live")
    assert account(rehearsed).writing == Account.Writing.LIVE
    assert "of 2 calendars have been told" in content(page)


def test_a_comparison_lasts_as_long_as_was_chosen(rehearsed, admin):
    press(admin, "shadow", days="3")
    chosen = account(rehearsed)
    assert chosen.writing == Account.Writing.SHADOW
    assert (chosen.shadow_until - clock.now()).days == 3
    assert press(admin, "shadow", days="15").status_code == 404


def test_agreement_is_shown_in_per_cent_with_what_differs_most(rehearsed, admin):
    press(admin, "shadow", days="7")
    _report(rehearsed, compared=200, differing=3, kind="slots")
    page = text(admin, REPORTS)
    assert "98 %" in page
    assert "other free times than told" in page
    assert "only compared" in page


def test_differences_of_one_calendar_can_be_looked_at(rehearsed, admin):
    press(admin, "live")
    _report(rehearsed, compared=10, differing=1, kind="break-gone", done="told-again")
    listing = Listing.objects.earliest("pk")
    page = text(admin, f"{REPORTS}?address={listing.address}")
    assert "a break of ours that is missing there" in page
    assert "told again" in page
    assert admin.get(f"{REPORTS}?address=nobody").status_code == 404


def test_how_to_begin_is_chosen_before_anything_is_connected(house, admin):
    page = admin.get(reverse("configuration-of", args=[CHANNEL]), headers=ENGLISH)
    assert "How to begin" in content(page)
    press(admin, "rehearsal")
    assert account(house).writing == Account.Writing.REHEARSAL
    assert account(house).state == Account.State.UNCONFIGURED
    house.connect()
    assert account(house).writing == Account.Writing.REHEARSAL, "and it stays chosen"


def test_only_administrators_change_how_an_account_writes(rehearsed, logged_in):
    for role in ("receptionist", "practitioner", "auditor"):
        assert logged_in(role).post(WRITING, {"what": "live"}).status_code == 403
    assert "Go live" not in text(logged_in("receptionist"), REHEARSAL)
    assert account(rehearsed).writing == Account.Writing.REHEARSAL


def test_the_portal_page_says_that_nothing_is_written(rehearsed, desk):
    assert "Rehearsal: nothing is written" in text(desk, reverse("portal", args=[CHANNEL]))


@pytest.mark.parametrize("url", [REPORTS, f"{REPORTS}?page=7"])
def test_reports_need_as_many_queries_for_three_calendars_as_for_one(rehearsed, admin, url):
    def queries():
        with CaptureQueriesContext(connection) as caught:
            admin.get(url)
        return len(caught)

    _report(rehearsed, compared=10, differing=1, kind="slots")
    queries()
    one = queries()
    first = Listing.objects.earliest("pk")
    for n in range(2):
        Listing.objects.create(
            organisation=first.organisation,
            account=first.account,
            practitioner=first.practitioner,
            facility=first.facility,
            doctor=f"more-{n}",
            address=f"more-{n}",
            time_zone=first.time_zone,
            patrol_due_at=clock.now(),
        )
    assert queries() == one


def _report(house, *, compared, differing, kind, done="compared"):
    listing = Listing.objects.earliest("pk")
    report = PatrolReport.objects.create(
        organisation=listing.organisation,
        account=listing.account,
        listing=listing,
        at=clock.now(),
        since=clock.now(),
        is_shadow=done == "compared",
        compared=compared,
        differing=differing,
        found={kind: 1},
    )
    Difference.objects.create(
        organisation=listing.organisation,
        account=listing.account,
        listing=listing,
        report=report,
        kind=kind,
        done=done,
        found_at=clock.now(),
    )
