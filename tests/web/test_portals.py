"""„Portale”: lights, what waits and why, what needs a person (A11, A15, A48, promise 10)."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse

from slotbridge.kit import clock
from slotbridge.sync.lights import Colour, light_of, lights_of_listings
from slotbridge.sync.models import (
    Account,
    Booking,
    Difference,
    InboxMessage,
    Listing,
    ListingDay,
    VisitTarget,
)
from slotbridge.sync.seals import box
from tests.web.house import CHANNEL
from tests.web.reading import content, read

PAGE = reverse("portal", args=[CHANNEL])
HOME = reverse("home")
RETRY = reverse("portal-retry", args=[CHANNEL])


@pytest.fixture
def ready(house):
    house.connect()
    return house


@pytest.fixture
def parked_day(ready):
    listing = Listing.objects.get(practitioner=ready.people[0])
    row, _made = ListingDay.objects.get_or_create(
        organisation=ready.organisation,
        listing=listing,
        day=ready.today,
        defaults={"asked_at": clock.now(), "due_at": clock.now()},
    )
    row.problem, row.asked = "PUT slots: 422", row.answered + 1
    row.save()
    return row


@pytest.fixture
def unassigned(ready):
    return Booking.objects.create(
        organisation=ready.organisation,
        account=ready.account,
        external_id="b9",
        start=ready.at("10:00"),
        end=ready.at("10:30"),
        problem="The service it was booked for is not linked to one of ours.",
        sealed_data=box().seal(
            json.dumps({"given_name": "Ryszard", "family_name": "Kasztan", "phone": "+48600555444"})
        ),
        seen_at=clock.now(),
    )


def test_an_account_that_is_not_connected_says_what_to_do(house, desk):
    assert "Brak połączenia: wpisz login i hasło." in content(desk.get(PAGE))


@pytest.mark.parametrize(("minutes", "banner"), [(5, False), (16, True)])
def test_a_silent_portal_is_said_and_after_a_quarter_of_an_hour_loudly(
    ready, desk, frozen, minutes, banner
):
    Account.objects.update(failing_since=clock.now())
    frozen.shift(timedelta(minutes=minutes))

    for page in (PAGE, HOME):
        text = content(desk.get(page))
        assert "Serwis nie odpowiada." in text
        assert ("oferować terminy, które są u nas zajęte" in text) == banner


def test_what_waits_is_counted(ready, desk, frozen):
    ListingDay.objects.update(answered=1, asked=1)
    ListingDay.objects.filter(pk__in=ListingDay.objects.values("pk")[:3]).update(asked=2)
    frozen.shift(timedelta(minutes=5))

    text = content(desk.get(PAGE))

    assert "3 dni do przekazania" in text
    assert "opóźnione" in text


def test_a_parked_day_says_why_and_is_taken_up_again(parked_day, desk):
    page = desk.get(PAGE)
    assert "dr n. med. Gniewko Źrebiec, 2 marca 2026 odłożone PUT slots: 422" in content(page)
    form = next(one for one in read(page).find("form", action=RETRY))

    desk.post(RETRY, {i.attributes["name"]: i.attributes["value"] for i in form.all("input")})

    parked_day.refresh_from_db()
    assert parked_day.problem == ""


def test_many_parked_days_of_a_calendar_are_one_line_that_opens(parked_day, desk):
    tomorrow = parked_day.listing.days.get(day=parked_day.day + timedelta(days=1))
    tomorrow.problem, tomorrow.asked = parked_day.problem, tomorrow.answered + 1
    tomorrow.save()

    page = desk.get(PAGE)

    assert "2 dni" in content(page)
    assert content(page).count("PUT slots: 422") == 1
    assert len(list(read(page).find("form", action=RETRY))) == 2, "each day is tried by itself"


def test_what_was_parked_is_never_called_told(parked_day, desk):
    text = content(desk.get(PAGE))
    assert "Zmiany czekają na wysłanie lub przejęcie." in text
    assert light_of(parked_day.listing.account).colour == Colour.LATE


def test_a_calendar_that_fails_without_a_reason_says_what_happens_next(ready):
    listing = Listing.objects.select_related("account", "practitioner").first()
    listing.failing_since, listing.problem = clock.now(), ""
    [light] = lights_of_listings([listing])
    assert (light.colour, bool(light.sentence)) == (Colour.FAILING, True)


def test_a_parked_visit_is_taken_up_again(ready, desk):
    visit = ready.book(ready.open(count=1, visible=True)[0])
    VisitTarget.objects.filter(visit=visit).delete()
    target = VisitTarget.objects.create(
        organisation=ready.organisation,
        account=ready.account,
        visit=visit,
        asked_at=clock.now(),
        due_at=clock.now(),
        problem="POST: 422",
    )
    assert "odłożone POST: 422" in content(desk.get(PAGE))

    desk.post(RETRY, {"what": "visit", "key": visit.public_id})

    target.refresh_from_db()
    assert target.problem == ""


def test_a_parked_message_is_taken_up_again(ready, desk):
    message = InboxMessage.objects.create(
        organisation=ready.organisation,
        account=ready.account,
        key="k",
        sealed_body=box().seal("{}"),
        way="push",
        received_at=clock.now(),
        due_at=clock.now(),
        state="parked",
        problem="not a notification",
    )
    assert "odłożone not a notification" in content(desk.get(PAGE))

    desk.post(RETRY, {"what": "message", "key": message.public_id})

    message.refresh_from_db()
    assert message.state == "new"


def test_a_patient_whom_the_portal_cannot_tell_is_phoned_by_a_person(ready, desk):
    visit = ready.book(ready.open(count=1, visible=True)[0])
    VisitTarget.objects.filter(visit=visit).delete()
    target = VisitTarget.objects.create(
        organisation=ready.organisation,
        account=ready.account,
        visit=visit,
        asked_at=clock.now(),
        due_at=clock.now(),
        call_patient=True,
    )
    for page in (PAGE, reverse("visit", args=[visit.public_id])):
        assert "zadzwoń do pacjenta" in content(desk.get(page))

    desk.post(RETRY, {"what": "called", "key": visit.public_id})

    target.refresh_from_db()
    assert not target.call_patient
    assert "Zadzwoniono do pacjenta." in content(desk.get(reverse("visit", args=[visit.public_id])))


def test_a_held_calendar_is_emptied_only_by_its_own_button(ready, desk):
    listing = Listing.objects.get(practitioner=ready.people[0])
    listing.held_since = clock.now()
    listing.save()
    assert "Zniknęłyby wszystkie wolne terminy" in content(desk.get(PAGE))

    desk.post(RETRY, {"what": "held", "address": listing.address})

    listing.refresh_from_db()
    assert (listing.held_since, listing.release_until > clock.now()) == (None, True)


def test_a_booking_that_could_not_be_assigned_is_shown_with_all_its_data(unassigned, desk):
    text = content(desk.get(PAGE))

    assert "Ryszard Kasztan" in text
    assert "+48600555444" in text
    assert "Zarezerwowana usługa nie jest powiązana z żadną naszą usługą." in text


def test_the_first_page_counts_what_needs_a_person(unassigned, house, desk):
    house.clash(house.open(count=1, visible=True)[0])
    tiles = {
        tile.all("span").__next__().text: tile.all("b").__next__().text
        for tile in read(desk.get(HOME)).all("a")
        if "tile" in tile.attributes.get("class", "")
    }

    assert tiles["rezerwacje bez przypisania"] == "1"
    assert tiles["konflikty do rozstrzygnięcia"] == "1"
    assert tiles["wizyty dzisiaj"] == "2"


def test_ticked_slots_that_are_not_published_are_listed_by_reason(house, desk):
    house.synchronise()
    house.open(count=3, visible=True)

    text = content(desk.get(PAGE))

    assert (
        "dr n. med. Gniewko Źrebiec, Poradnia kardiologiczna 3 dr n. med. Gniewko Źrebiec:" in text
    )


def test_differences_found_at_the_portal_are_shown(ready, desk):
    Difference.objects.create(
        organisation=ready.organisation,
        account=ready.account,
        listing=Listing.objects.get(practitioner=ready.people[0]),
        day=ready.today,
        kind=Difference.Kind.SLOTS,
        done=Difference.Done.TOLD_AGAIN,
        found_at=clock.now(),
    )

    assert "inne wolne terminy niż przekazane 2 marca 2026 przekazano ponownie" in content(
        desk.get(PAGE)
    )


def test_a_nonsense_request_is_no_page(ready, desk):
    assert desk.post(RETRY, {"what": "everything"}).status_code == 404
    assert desk.post(RETRY, {"what": "message"}).status_code == 404
