"""Before a first load all of it can be looked at; nothing is written until somebody says so."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from slotbridge.his import catalogue
from slotbridge.sandbox import actors
from slotbridge.sandbox.models import Service as DictionaryService
from slotbridge.sandbox.rules import Period
from slotbridge.sync import accounts, leaving, lights, links, rehearsal, writing
from slotbridge.sync.models import Account, CatalogueItem, InboxMessage, Listing, ListingDay
from tests.factories import PatientFactory
from tests.world import World

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


@pytest.fixture
def rehearsed(frozen, db):
    """Two doctors, linked, to be rehearsed since before they were connected."""
    world = World(frozen, doctors=2, linked=False)
    writing.start_rehearsal(account=world.account, by="anna")
    world.connect()
    world.link_all()
    yield world
    world.close()


def written(world):
    """Writes at the portal. Asking it for our own messages again changes nothing there."""
    return [path for _, path in world.wires.writes() if not path.endswith("/release")]


def fresh(world):
    world.account.refresh_from_db()
    return world.account


def test_a_rehearsal_writes_nothing_and_shows_what_would_be_written(rehearsed):
    slots = rehearsed.open(count=4)
    rehearsed.open(days=3, count=2)
    rehearsed.plan(slots[0], PatientFactory(organisation=rehearsed.organisation))
    rehearsed.settle()
    assert written(rehearsed) == []
    totals = rehearsal.rehearse(fresh(rehearsed))
    assert (totals.calendars, totals.visits) == (2, 1)
    assert totals.minutes == 1
    here, empty = sorted(
        rehearsal.in_detail(rehearsal.calendars(rehearsed.account)), key=lambda row: row.is_empty
    )
    assert (here.days, here.starts) == (2, 5)
    # Its time is not offered there yet: the day is told open for it first, then all days.
    assert (here.to_book, here.to_break, here.writes) == (1, 0, 3)
    assert (here.first, here.last) == (rehearsed.at(1).date(), rehearsed.at(3).date())
    assert (empty.starts, empty.writes) == (0, 1)


def test_what_was_rehearsed_is_what_is_written(rehearsed):
    """A rehearsal that counts other writes than are made afterwards would be worth nothing."""
    slots = rehearsed.open(count=4)
    for slot in slots[:2]:
        rehearsed.plan(slot, PatientFactory(organisation=rehearsed.organisation))
    rehearsed.settle()
    account = fresh(rehearsed)
    at_most = rehearsal.rehearse(account).writes
    counted = sum(row.writes for row in rehearsal.in_detail(rehearsal.calendars(account)))
    writing.go_live(account=rehearsed.account, by="anna")
    rehearsed.settle()
    assert len(written(rehearsed)) == counted <= at_most
    assert rehearsed.portal_shows() == [slot.start for slot in slots[2:]]
    assert rehearsal.rehearse(fresh(rehearsed)).is_nothing
    assert writing.progress(rehearsed.account) == (2, 2)


def test_services_are_counted_as_they_are_added_changed_and_removed(rehearsed):
    """At two addresses: a service of ours is to be added, the portal's own gets our price."""
    new = catalogue.add_service(
        organisation=rehearsed.organisation, name="Echo serca", duration_minutes=20, by="a"
    )
    item = DictionaryService.objects.create(name="Echo serca")
    accounts.refresh_catalogue(account=rehearsed.account, by="a")
    rehearsed.settle()
    item = CatalogueItem.objects.get(kind="service", external_id=str(item.pk))
    links.link(account=rehearsed.account, record=new, item_id=item.pk, by="a")
    for service, amount in ((new, 35000), (rehearsed.service, 26000)):
        catalogue.set_price(
            price_list=rehearsed.price_list, service=service, amount_minor=amount, by="a"
        )
    rehearsed.open(count=2)
    rehearsed.settle()
    account = fresh(rehearsed)
    rows = list(rehearsal.in_detail(rehearsal.calendars(account)))
    assert [row.services for row in rows] == [2, 2]
    totals = rehearsal.rehearse(account)
    assert totals.services == 4
    writing.go_live(account=rehearsed.account, by="anna")
    rehearsed.settle()
    told = [(method, "services" in path) for method, path in rehearsed.wires.writes()]
    assert sorted(method for method, of_service in told if of_service) == [
        "PATCH", "PATCH", "POST", "POST",
    ]  # fmt: skip
    assert len(written(rehearsed)) == sum(row.writes for row in rows) == totals.writes


def test_a63_going_live_takes_over_the_bookings_that_are_there_before_it_writes(rehearsed):
    """A63: else the first write could offer, elsewhere, what a patient has already."""
    slots = rehearsed.open(count=4)
    actors.doctor_changes_slots(rehearsed.address, rehearsed.at(1).date(), [
        _period(rehearsed, slots[0].start, slots[-1].end)
    ])  # fmt: skip
    rehearsed.patient_books(slots[1].start)
    rehearsed.settle()
    assert rehearsed.visits() == []
    assert InboxMessage.objects.get().state == "new", "it waits"
    InboxMessage.objects.all().delete()  # and even if the portal had never told it
    Listing.objects.update(patrol_due_at=rehearsed.at(0, "00:00"))
    rehearsed.settle()
    assert rehearsal.rehearse(fresh(rehearsed)).there == 1
    writing.go_live(account=rehearsed.account, by="anna")
    rehearsed.settle()
    assert rehearsed.visits() == [(slots[1].start, "booked", "")]
    assert slots[1].start not in rehearsed.portal_shows()
    assert _first_write_comes_after_the_bookings_were_read(rehearsed.wires.requests)


def _period(world, start, end):
    return Period(start, end, ((world.portal_service.pk, 30),))


def _first_write_comes_after_the_bookings_were_read(requests):
    writes = [n for n, (method, path) in enumerate(requests)
              if method != "GET" and "/oauth/" not in path and "/release" not in path]  # fmt: skip
    addresses = {path.split("/bookings")[0] for method, path in requests if "/bookings" in path}
    read = {path.split("/bookings")[0] for _, path in requests[: writes[0]] if "/bookings" in path}
    return read == addresses and len(read) == 2


def test_a_calendar_that_cannot_be_read_holds_no_other_back_when_going_live(rehearsed):
    slots = rehearsed.open(count=1)
    rehearsed.settle()
    rehearsed.fault("getBookings", "status", status=500, times=2)
    writing.go_live(account=rehearsed.account, by="anna")
    rehearsed.settle()
    rehearsed.after(minutes=20)
    assert rehearsed.portal_shows() == [slots[0].start]


def test_stopping_to_write_leaves_what_is_shown_and_going_live_tells_what_changed(world):
    first = world.open(count=2)
    world.settle()
    writing.start_rehearsal(account=world.account, by="anna")
    world.open(days=2, count=1)
    world.settle()
    assert world.portal_shows() == [slot.start for slot in first], "what is shown stays"
    actors.doctor_changes_slots(world.address, world.at(1).date(), [])
    writing.go_live(account=fresh(world), by="anna")
    world.settle()
    assert len(world.portal_shows()) == 3, "and what was changed there meanwhile is put right"


def test_a9_switching_off_what_never_wrote_ends_at_once(rehearsed):
    """A9: nothing of ours is there to be withdrawn."""
    leaving.switch_off(account=rehearsed.account, by="anna")
    assert fresh(rehearsed).state == Account.State.OFF
    rehearsed.settle()
    assert written(rehearsed) == []


def test_a9_switching_off_withdraws_what_was_written_before_the_rehearsal(world):
    """A9: patients would go on booking slots that nobody reads."""
    world.open(count=2)
    world.settle()
    writing.start_rehearsal(account=world.account, by="anna")
    leaving.switch_off(account=fresh(world), by="anna")
    world.settle()
    assert (fresh(world).state, world.portal_shows()) == (Account.State.OFF, [])


def test_a_rehearsal_can_be_paused_and_stays_one(rehearsed):
    rehearsed.open(count=1)
    accounts.pause(account=rehearsed.account, by="anna")
    rehearsed.settle()
    accounts.resume(account=rehearsed.account, by="anna")
    rehearsed.settle()
    assert fresh(rehearsed).writing == Account.Writing.REHEARSAL
    assert written(rehearsed) == []


def test_credentials_that_are_refused_meanwhile_do_not_end_a_rehearsal(rehearsed):
    """A4."""
    rehearsed.fault("*", "status", status=401, times=4)
    rehearsed.open(count=1)
    rehearsed.after(minutes=16)
    rehearsed.after(minutes=31)
    assert fresh(rehearsed).writing == Account.Writing.REHEARSAL
    assert written(rehearsed) == []


def test_the_light_says_that_nothing_is_written(rehearsed, english):
    rehearsed.open(count=1)
    rehearsed.after(minutes=20)
    light = lights.light_of(fresh(rehearsed))
    assert light.colour == lights.Colour.PAUSED
    assert "nothing is written" in light.sentence


def test_the_minutes_leave_a_quarter_of_the_budget_to_visits():
    assert rehearsal.minutes_for(0, 30, 40) == 1
    assert rehearsal.minutes_for(0, 31, 40) == 2
    assert rehearsal.minutes_for(40, 0, 40) == 1
    assert rehearsal.minutes_for(40, 1, 40) == 2
    assert rehearsal.minutes_for(0, 0, 40) == 0
    assert rehearsal.minutes_for(0, 200, 40) == 7


def test_the_totals_need_as_many_queries_for_two_calendars_as_for_one(rehearsed):
    rehearsed.open(count=2)
    rehearsed.settle()
    account = fresh(rehearsed)

    def queries():
        with CaptureQueriesContext(connection) as caught:
            rehearsal.rehearse(account)
        return len(caught)

    two = queries()
    listing = Listing.objects.first()
    ListingDay.objects.filter(listing=listing).delete()
    assert queries() == two


@pytest.mark.parametrize("days", [0, 15])
def test_a_comparison_lasts_a_day_to_a_fortnight(world, days):
    with pytest.raises(ValueError, match="1 to 14"):
        writing.start_shadow(account=world.account, days=days, by="anna")
