"""A clash on a page of its own, and a booking that means nobody of ours (A46-A48, A59)."""

from datetime import timedelta

import pytest
from django.urls import reverse

from slotbridge.his import visits
from slotbridge.his.models import Visit
from slotbridge.kit import clock
from slotbridge.sync import bookings, links
from slotbridge.sync.contract import By, PortalBooking, PortalPatient
from slotbridge.sync.models import Account
from tests.web.house import House
from tests.web.reading import content, read

ENGLISH = {"accept-language": "en"}


def page_of(visit, name="visit-clash"):
    return reverse(name, args=[visit.public_id])


def forms_to(page, name, visit):
    address = reverse(name, args=[visit.public_id])
    return [one for one in read(page).all("form") if one.attributes.get("action") == address]


def fields(form):
    return {
        one.attributes["name"]: one.attributes.get("value", "")
        for one in form.all("input")
        if "name" in one.attributes
    }


@pytest.fixture
def made(house):
    return house.open(count=3, visible=True)


@pytest.fixture
def clash(house, made):
    """(ours, theirs): a visit of reception's, and the portal's at its time."""
    house.connect()
    return house.clash(made[0])


def test_a_clash_shows_both_patients_and_who_tells_them(desk, clash):
    ours, theirs = clash
    text = content(desk.get(page_of(theirs), headers=ENGLISH))
    assert ours.patient.full_name in text
    assert theirs.patient.full_name in text
    told = text.index("ZnanyLekarz will tell the patient")
    assert told < text.index("phone the patient"), "the portal's visit first, then reception's"


def test_nobody_is_said_to_pass_a_reason_on_that_no_portal_would(desk, clash):
    page = desk.get(page_of(clash[1]), headers=ENGLISH)
    assert content(page).count("A portal passes it on") == 1, "of the portal's visit only"


@pytest.mark.parametrize("which", [0, 1])
def test_one_press_moves_either_visit_to_a_free_time_and_the_other_keeps_its_own(
    desk, made, clash, which
):
    page = desk.get(page_of(clash[1]))
    moved, kept = clash[which], clash[1 - which]
    offers = forms_to(page, "visit-move", moved)
    assert [fields(one)["start"] for one in offers] == [slot.start.isoformat() for slot in made[1:]]
    desk.post(page_of(moved, "visit-move"), fields(offers[0]))
    moved.refresh_from_db()
    kept.refresh_from_db()
    assert (moved.start, moved.clash) == (made[1].start, "")
    assert (kept.start, kept.clash) == (made[0].start, "")


@pytest.mark.parametrize("which", [0, 1])
def test_either_visit_is_cancelled_with_a_reason_and_the_other_keeps_the_time(desk, clash, which):
    gone, kept = clash[which], clash[1 - which]
    assert forms_to(desk.get(page_of(clash[1])), "visit-cancel", gone)
    desk.post(page_of(gone, "visit-cancel"), {"reason": "Podwójna rezerwacja"})
    gone.refresh_from_db()
    kept.refresh_from_db()
    assert (gone.status, gone.cancel_reason) == ("cancelled", "Podwójna rezerwacja")
    assert (kept.status, kept.clash) == ("booked", "")


def test_a_settled_clash_is_a_visit_like_any_other(desk, clash):
    ours, theirs = clash
    visits.cancel_visit(visit=ours, reason="", by="tests")
    assert desk.get(page_of(theirs)).headers["Location"] == page_of(theirs, "visit")


def test_a_portal_that_is_paused_tells_nobody(house, desk, clash):
    account = house.account
    account.state = "paused"
    account.save()
    text = content(desk.get(page_of(clash[1]), headers=ENGLISH))
    assert "ZnanyLekarz will tell the patient" not in text
    assert "ZnanyLekarz is not being told of changes now." in text


def test_a_visit_without_a_slot_may_stay_where_it_is(house, desk):
    house.connect()
    start = house.at("19:00")
    alone = visits.book_visit(
        schedule=house.schedule,
        start=start,
        end=start + timedelta(minutes=30),
        patient=house.patient(),
        channel="znanylekarz",
        keep_clash=True,
        by="znanylekarz",
    )
    assert alone.clash == "no-slot"
    [keep] = forms_to(desk.get(page_of(alone)), "visit-mark", alone)
    assert keep.find("button", value="settle")
    desk.post(page_of(alone, "visit-mark"), {"mark": "settle"})
    assert Visit.objects.get().clash == ""


def test_whoever_may_only_look_is_shown_no_buttons(logged_in, clash):
    page = logged_in("auditor").get(page_of(clash[1]))
    assert page.status_code == 200
    for visit in clash:
        assert forms_to(page, "visit-move", visit) == []
        assert forms_to(page, "visit-cancel", visit) == []


# --- a booking of nobody's ------------------------------------------------------------------


def take_over(house, slot, **more):
    found = PortalBooking(
        id="b1",
        facility="f1",
        doctor="d1",
        address="a1",
        is_booked=True,
        start=slot.start,
        end=slot.end,
        booked_by=By.PATIENT,
        service="as1",
        patient=PortalPatient("Zbigniew", "Pędzel", email="z@poczta.example", phone="600100200"),
        **more,
    )
    return bookings.apply(house.account, found)


@pytest.fixture
def unassigned(house):
    house.connect()
    [slot] = house.open(count=1, visible=True, days=1)
    links.link(account=house.account, record=house.people[0], item_id=None, by="tests")
    return take_over(house, slot)


def booking_page(row, act=""):
    name = f"portal-booking-{act}" if act else "portal-booking"
    return reverse(name, args=[row.public_id])


def test_a_booking_of_nobodys_is_shown_with_all_its_data_and_led_to_from_the_portal(
    desk, unassigned
):
    assert booking_page(unassigned) in desk.get(reverse("portal", args=["znanylekarz"])).text
    text = content(desk.get(booking_page(unassigned)))
    for said in ("Zbigniew Pędzel", "z@poczta.example", "600100200", "Gniewko Źrebiec"):
        assert said in text


def test_it_is_taken_over_by_hand(house, desk, unassigned):
    answer = desk.post(
        booking_page(unassigned, "assign"), {"schedule": house.schedules[1].public_id}
    )
    visit = Visit.objects.get()
    assert answer.headers["Location"] == reverse("visit", args=[visit.public_id])
    assert (visit.schedule, visit.patient.full_name) == (house.schedules[1], "Zbigniew Pędzel")
    assert visit.service == house.service
    again = desk.post(
        booking_page(unassigned, "assign"),
        {"schedule": house.schedules[1].public_id},
        follow=True,
        headers=ENGLISH,
    )
    assert "Somebody has settled this already." in content(again)
    assert Visit.objects.count() == 1


def test_it_is_cancelled_there_with_a_reason_only(desk, unassigned):
    desk.post(booking_page(unassigned, "cancel"), {"reason": ""})
    unassigned.refresh_from_db()
    assert unassigned.cancel_due_at is None
    desk.post(booking_page(unassigned, "cancel"), {"reason": "Lekarz zachorował"})
    unassigned.refresh_from_db()
    assert (unassigned.cancel_reason, unassigned.cancel_due_at) == (
        "Lekarz zachorował", clock.now(),
    )  # fmt: skip
    page = desk.get(booking_page(unassigned))
    assert booking_page(unassigned, "cancel") not in page.text, "it is asked for once"


def test_another_clinics_booking_is_not_there(client, unassigned):
    client.force_login(House("Inna Lecznica").user("administrator"))
    assert client.get(booking_page(unassigned)).status_code == 404
    for act in ("assign", "cancel"):
        assert client.post(booking_page(unassigned, act), {"reason": "x"}).status_code == 404


# --- what a portal says of a visit ----------------------------------------------------------


@pytest.fixture
def theirs(house):
    house.connect()
    [slot] = house.open(count=1, visible=True, days=1)
    return slot


def test_an_unpaid_visit_says_until_when_the_portal_keeps_it(house, desk, theirs):
    until = clock.now() + timedelta(minutes=90)
    row = take_over(house, theirs, payment="to-be-paid", pay_until=until)
    text = content(desk.get(page_of(row.visit, "visit"), headers=ENGLISH))
    assert "to be paid online" in text
    assert "cancels it by itself if it is unpaid until" in text
    assert "09:30" in text


@pytest.mark.parametrize(
    ("address", "is_shown"),
    [("https://video.example/r/1", True), ("javascript:alert(1)", False)],
)
def test_the_video_room_is_opened_from_the_visit(house, desk, theirs, address, is_shown):
    row = take_over(house, theirs, video_url=address)
    page = desk.get(page_of(row.visit, "visit"))
    assert (f'href="{address}"' in page.text) is is_shown


def test_staff_note_that_the_patient_confirmed(house, desk, theirs):
    visit = take_over(house, theirs).visit
    desk.post(page_of(visit, "visit-mark"), {"mark": "confirm"})
    visit.refresh_from_db()
    assert visit.is_confirmed
    page = desk.get(page_of(visit, "visit"))
    assert 'value="confirm"' not in page.text


def test_what_the_portal_says_of_who_came_stands_beside_what_was_marked_here(house, desk, theirs):
    row = take_over(house, theirs, presence="absent")
    Visit.objects.filter(pk=row.visit_id).update(status="arrived")
    page = read(desk.get(page_of(row.visit, "visit")))
    assert any(one.attributes.get("class") == "tag warn" for one in page.all("span"))
    row.visit.refresh_from_db()
    assert row.visit.status == "arrived"


def test_while_switched_off_nobody_is_promised_that_the_portal_is_told(house, desk, unassigned):
    Account.objects.update(state=Account.State.OFF)
    page = desk.post(booking_page(unassigned, "cancel"), {"reason": "Lekarz nie przyjmuje."})
    assert "Integracja jest wyłączona" in content(page)
    unassigned.refresh_from_db()
    assert unassigned.cancel_due_at is None
