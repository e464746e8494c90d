"""The services of a doctor's address follow the clinic's price lists (A16-A19, A25-A31).

The world's portal has one service at the address, which nobody told it of: „Konsultacja”, 200 zł.
"""

from datetime import timedelta

import pytest

from slotbridge.his import catalogue, organisation, slots, visits
from slotbridge.his.models import Service, Visit
from slotbridge.kit import clock
from slotbridge.sandbox import actors
from slotbridge.sandbox.models import AddressService, Break
from slotbridge.sandbox.models import Service as DictionaryService
from slotbridge.sandbox.patients import PatientData
from slotbridge.sync import accounts, fanout, links, services, telling_days, telling_services
from slotbridge.sync.models import (
    Account,
    CatalogueItem,
    Difference,
    Listing,
    ListingDay,
    ListingService,
)
from slotbridge.sync.services import StepKind
from slotbridge.sync.shown import why_not_shown
from tests.factories import PatientFactory
from tests.world import CHANNEL

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])

NIGHT = timedelta(hours=24)


@pytest.fixture
def echo(world):
    """„Echo serca”: in the portal's dictionary and linked, but at no address and in no list yet."""
    return new_service(world, "Echo serca", minutes=20)


def new_service(world, name, *, minutes=20, linked=True, **more):
    service = catalogue.add_service(
        organisation=world.organisation, name=name, duration_minutes=minutes, by="a", **more
    )
    if linked:
        item = DictionaryService.objects.create(name=name)
        accounts.refresh_catalogue(account=world.account, by="a")
        world.settle()
        link(world, service, str(item.pk))
    return service


def link(world, service, external_id):
    item = CatalogueItem.objects.get(kind="service", external_id=external_id)
    links.link(account=world.account, record=service, item_id=item.pk, by="a")


def price(world, service, amount, *, price_list=None, **more):
    catalogue.set_price(
        price_list=price_list or world.price_list, service=service, amount_minor=amount, by="a",
        **more,
    )  # fmt: skip


def standing(world):
    """What patients read at the address: name -> price in grosze."""
    return {row.name: row.price_minor for row in world.address.services.all()}


def there(world, name):
    return world.address.services.get(service__name=name)


def row_of(world, name):
    item = CatalogueItem.objects.get(kind="service", name=name)
    return ListingService.objects.get(service=item.external_id)


def writes(world, since=0):
    """Writes to services and slots in order: ("POST", "services"), …"""
    parts = [(method, path.split("/")) for method, path in world.wires.writes()[since:]]
    return [
        (method, "services" if "services" in path else "slots")
        for method, path in parts
        if "services" in path or "slots" in path
    ]


def codes(slot):
    return {reason.code for reason in why_not_shown(slot, CHANNEL)}


# --- What is offered ------------------------------------------------------------------------


def test_r16_a_service_of_the_ticked_list_is_added_before_the_days_name_it(world, echo):
    [slot] = world.open(count=1, minutes=30)
    world.settle()
    before = len(world.wires.writes())
    price(world, echo, 35000)
    world.settle()
    assert standing(world) == {"Konsultacja": 20000, "Echo serca": 35000}
    assert there(world, "Echo serca").default_duration == 20, "A18: each with its own"
    assert writes(world, before) == [("POST", "services"), ("PUT", "slots")]
    now = clock.now()
    offered = {service for _, service in actors.offered(world.address, now, now + NIGHT * 3)}
    assert there(world, "Echo serca").pk in offered, "the listing's days were asked again"
    assert codes(slot) == set()


def test_a16_a_mapped_service_that_is_not_in_the_list_is_not_offered(world, echo):
    world.settle()
    assert standing(world) == {"Konsultacja": 20000}


def test_a17_a_service_of_the_list_that_is_not_mapped_is_not_offered(world):
    price(world, new_service(world, "EKG", linked=False), 5000)
    world.settle()
    assert standing(world) == {"Konsultacja": 20000}
    assert ListingService.objects.filter(is_ours=True).count() == 0


def test_a19_a29_without_the_tick_days_are_told_first_and_the_service_goes_after(world, echo):
    """And an accident is held: all times vanish only when a person says so (promise 7)."""
    catalogue.remove_price(price_list=world.price_list, service=world.service, by="a")
    price(world, echo, 35000)
    slot, kept = world.open(count=2)
    world.settle()
    who = PatientData(name="Łucja", surname="Świerczyńska", phone="+48600700800")
    actors.patient_books(world.address, slot.start, there(world, "Echo serca"), who)
    world.settle()
    visit = Visit.objects.get()
    before = len(world.wires.writes())
    catalogue.stop_using_price_list(price_list=world.price_list, channel=CHANNEL, by="a")
    world.settle()
    assert "Echo serca" in standing(world), "the days still name it, and wait for a person"
    telling_days.release_held(listing=Listing.objects.get(), by="a")
    world.after(minutes=2)
    assert kept.start not in world.portal_shows()
    assert standing(world) == {"Konsultacja": 20000}, "what we did not make stays"
    told = [each for each in writes(world, before) if each[1] == "services"]
    assert told == [("DELETE", "services")]
    assert writes(world, before)[-1] == ("DELETE", "services"), "after the days"
    assert Visit.objects.get(pk=visit.pk).price_minor == 35000


def test_a18_a_days_offer_carries_each_clinics_own_duration_name_and_ages(world):
    child = new_service(
        world, "Bilans", minutes=15, public_name="Bilans dziecka", min_age=2, max_age=18
    )
    price(world, child, 12000)
    world.settle()
    made = AddressService.objects.get(service__name="Bilans")
    assert (made.custom_name, made.minimum_age, made.maximum_age) == ("Bilans dziecka", 2, 18)
    catalogue.change_service(service=child, public_name="", max_age=None, by="a")
    world.settle()
    made.refresh_from_db()
    assert (made.custom_name, made.minimum_age, made.maximum_age) == ("", 2, None)


def test_a20_an_unlinked_service_of_ours_goes_and_a_relinked_one_comes(world, echo):
    price(world, echo, 35000)
    world.settle()
    first = there(world, "Echo serca").pk
    links.link(account=world.account, record=echo, item_id=None, by="a")
    world.after(minutes=1)
    assert standing(world) == {"Konsultacja": 20000}
    assert ListingService.objects.count() == 1, "what is neither wanted nor there is forgotten"
    link(world, echo, str(DictionaryService.objects.get(name="Echo serca").pk))
    world.settle()
    assert there(world, "Echo serca").pk > first, "a new id there, and nothing depends on the old"


# --- Prices ---------------------------------------------------------------------------------


def test_a25_a_list_that_begins_tomorrow_changes_the_price_at_midnight(world, echo):
    today = clock.today(world.unit.tz)
    price(world, echo, 35000)
    catalogue.change_price_list(
        price_list=world.price_list, name="2026", valid_from=None,
        valid_to=today + timedelta(days=1), by="a",
    )  # fmt: skip
    dearer = catalogue.add_price_list(
        clinic=world.clinic, name="dearer", valid_from=today + timedelta(days=1), valid_to=None,
        by="a",
    )  # fmt: skip
    price(world, echo, 40000, price_list=dearer)
    catalogue.use_price_list(price_list=dearer, channel=CHANNEL, by="a")
    world.settle()
    assert standing(world)["Echo serca"] == 35000
    world.after(hours=24)
    assert standing(world)["Echo serca"] == 40000
    assert "Konsultacja" in standing(world), "not in the new list, but not made by us"


def test_a25_a_service_of_a_list_that_begins_later_is_there_for_the_days_that_name_it(world, echo):
    begins = clock.today(world.unit.tz) + timedelta(days=7)
    catalogue.change_price_list(
        price_list=world.price_list, name="now", valid_from=None, valid_to=begins, by="a"
    )
    later = catalogue.add_price_list(
        clinic=world.clinic, name="later", valid_from=begins, valid_to=None, by="a"
    )
    price(world, echo, 40000, price_list=later)
    catalogue.use_price_list(price_list=later, channel=CHANNEL, by="a")
    [slot] = world.open(days=10, count=1)
    world.settle()
    assert standing(world)["Echo serca"] == 40000
    assert world.portal_shows() == [slot.start]


def test_a26_a_price_changed_everywhere_reaches_every_address(frozen, db):
    from tests.world import World

    world = World(frozen, doctors=3)
    try:
        catalogue.set_price_everywhere(
            organisation=world.organisation, channel=CHANNEL, service=world.service,
            amount_minor=23000, by="a",
        )  # fmt: skip
        world.settle()
        assert list(AddressService.objects.values_list("price_minor", flat=True)) == [23000] * 3
    finally:
        world.close()


def test_a28_zero_is_a_price_a_missing_one_is_none_and_from_is_said(world, echo):
    price(world, echo, 0)
    world.settle()
    assert standing(world)["Echo serca"] == 0
    price(world, echo, 30000, is_from=True)
    world.settle()
    assert (there(world, "Echo serca").price_minor, there(world, "Echo serca").is_price_from) == (
        30000,
        True,
    )
    catalogue.remove_price(price_list=world.price_list, service=echo, by="a")
    world.after(minutes=1)
    assert "Echo serca" not in standing(world)


def test_a30_a_booked_visit_keeps_the_price_that_its_patient_saw(world):
    [slot] = world.open(count=1)
    world.settle()
    world.patient_books(slot.start)
    world.settle()
    price(world, world.service, 26000)
    world.settle()
    assert Visit.objects.get().price_minor == 20000
    assert standing(world) == {"Konsultacja": 26000}


def test_a31_a_price_edited_on_the_portal_is_overwritten_and_staff_see_it(world, echo):
    price(world, echo, 35050)
    world.settle()
    actors.doctor_changes_service(there(world, "Echo serca"), price_minor=99900)
    world.after(minutes=1)
    assert standing(world)["Echo serca"] == 35050
    [seen] = Difference.objects.filter(kind=Difference.Kind.SERVICE)
    assert seen.done == Difference.Done.TOLD_AGAIN
    assert (seen.data["wanted"]["price_minor"], seen.data["found"]["price_minor"]) == (35050, 99900)


def test_a31_only_whole_zloty_are_compared_but_lost_grosze_are_told(world, echo):
    """The portal reads 350,50 back as 350: that is no edit; 350,90 of ours is a new price."""
    price(world, echo, 35050)
    world.settle()
    before = len(world.wires.writes())
    for _ in range(3):
        accounts.refresh_catalogue(account=world.account, by="a")
        world.after(minutes=2)
    assert writes(world, before) == []
    price(world, echo, 35090)
    world.settle()
    assert standing(world)["Echo serca"] == 35090
    assert not Difference.objects.exists()


def test_a31_without_a_notification_the_nightly_reading_finds_the_edit(world, echo):
    price(world, echo, 35000)
    world.settle()
    AddressService.objects.filter(service__name="Echo serca").update(price_minor=10000)
    world.after(hours=25)
    assert standing(world)["Echo serca"] == 35000


def test_a31_whoever_edits_again_and_again_is_left_to_a_person(world, echo):
    price(world, echo, 35000)
    world.settle()
    for n in range(4):
        actors.doctor_changes_service(there(world, "Echo serca"), price_minor=50000 + n * 100)
        world.after(minutes=2)
    row = row_of(world, "Echo serca")
    assert row.problem.startswith("Changed on the portal again and again")
    assert standing(world)["Echo serca"] == 50300
    done = Difference.objects.order_by("pk").values_list("done", flat=True)
    assert list(done) == ["told-again", "told-again", "left"]
    telling_services.retry(listing_service=row, by="a")
    world.settle()
    assert standing(world)["Echo serca"] == 35000


# --- What is not ours -----------------------------------------------------------------------


def test_a_service_of_the_portals_own_is_used_and_left_as_it_is(world):
    """One with our price costs no write; its name there, and that of others, is not ours."""
    actors.doctor_changes_service(world.portal_service, custom_name="Wizyta u kardiologa")
    actors.doctor_adds_service(world.address, DictionaryService.objects.create(name="Joga"), 9000)
    world.open(count=1)
    world.after(minutes=2)
    assert standing(world) == {"Wizyta u kardiologa": 20000, "Joga": 9000}
    assert {kind for _, kind in writes(world)} == {"slots"}
    assert not ListingService.objects.filter(is_ours=True).exists()
    assert not Difference.objects.exists()


def test_a31_the_price_of_a_mapped_service_follows_ours_whoever_made_it(world):
    actors.doctor_changes_service(
        world.portal_service, custom_name="Wizyta", price_minor=15000, minimum_age=18
    )
    world.after(minutes=1)
    row = world.portal_service
    assert (row.price_minor, row.custom_name, row.minimum_age) == (20000, "Wizyta", 18)
    assert row_of(world, "Konsultacja").is_ours is False


def test_what_we_did_not_make_is_removed_only_after_staff_say_so(world):
    foreign = DictionaryService.objects.create(name="Joga")
    actors.doctor_adds_service(world.address, foreign, 9000)
    accounts.refresh_catalogue(account=world.account, by="a")
    world.after(hours=25)
    assert "Joga" in standing(world)
    row = ListingService.objects.get(service=str(foreign.pk))
    telling_services.give_to_us(listing_service=row, by="kierowniczka")
    world.after(minutes=1)
    assert standing(world) == {"Konsultacja": 20000}


def test_a_service_given_to_us_takes_our_name_and_one_left_keeps_what_it_has(world):
    catalogue.change_service(service=world.service, public_name="Pierwsza wizyta", by="a")
    world.settle()
    assert standing(world) == {"Konsultacja": 20000}, "not ours to rename"
    telling_services.give_to_us(listing_service=row_of(world, "Konsultacja"), by="a")
    world.settle()
    assert standing(world) == {"Pierwsza wizyta": 20000}
    telling_services.leave(listing_service=row_of(world, "Konsultacja"), by="a")
    catalogue.remove_price(price_list=world.price_list, service=world.service, by="a")
    world.after(minutes=2)
    assert standing(world) == {"Pierwsza wizyta": 20000}


def test_where_the_portal_keeps_services_nothing_is_written(world, echo):
    world.account.refresh_from_db()
    accounts.configure(
        account=world.account, login=world.account.login, password=None,
        settings=world.account.settings | {"services": "portal"}, by="a",
    )  # fmt: skip
    price(world, echo, 35000)
    price(world, world.service, 99000)
    [slot] = world.open(count=1)
    world.settle()
    assert standing(world) == {"Konsultacja": 20000}
    assert world.portal_shows() == [slot.start]
    assert services.services_to_tell(Listing.objects.get()) == []


# --- When it goes wrong ---------------------------------------------------------------------


def test_ours_that_vanished_there_comes_back_and_the_days_name_its_new_id(world, echo):
    price(world, echo, 35000)
    [slot] = world.open(count=1)
    slots.change_slot(slot=slot, services=[echo], by="a")
    world.settle()
    actors.doctor_removes_service(there(world, "Echo serca"))
    world.after(minutes=2)
    assert standing(world)["Echo serca"] == 35000
    assert world.portal_shows() == [slot.start]


@pytest.mark.parametrize("effect", ["timeout-after", "timeout-before"])
def test_an_addition_whose_answer_was_lost_is_looked_for_and_not_doubled(world, echo, effect):
    """Promise 5."""
    world.fault("addAddressService", effect)
    price(world, echo, 35000)
    world.settle()
    world.after(minutes=1)
    assert standing(world) == {"Konsultacja": 20000, "Echo serca": 35000}
    row = row_of(world, "Echo serca")
    assert (row.is_ours, row.doubt_since, row.asked) == (True, None, row.answered)
    tries = writes(world).count(("POST", "services"))
    assert tries == (1 if effect == "timeout-after" else 2)


@pytest.mark.parametrize("effect", ["timeout-after", "timeout-before"])
def test_a_change_whose_answer_was_lost_is_made_again(world, echo, effect):
    price(world, echo, 35000)
    world.settle()
    world.fault("updateAddressService", effect)
    price(world, echo, 35099)
    world.settle()
    world.after(minutes=1)
    assert standing(world)["Echo serca"] == 35099


def test_a_write_that_was_not_done_is_done_later(world, echo):
    world.fault("addAddressService", "status", status=503)
    price(world, echo, 35000)
    world.settle()
    world.after(minutes=2)
    assert standing(world)["Echo serca"] == 35000


def test_a_refused_service_is_parked_with_the_reason_and_the_rest_goes_on(world, echo):
    world.fault("addAddressService", "status", status=403)
    other = new_service(world, "Holter", minutes=10)
    price(world, echo, 35000)
    price(world, other, 15000)
    [slot] = world.open(count=1)
    slots.change_slot(slot=slot, services=[echo, other], by="a")
    world.settle()
    parked = ListingService.objects.exclude(problem="").get()
    assert "403" in parked.problem
    assert parked.is_ours is False, "it was not made"
    assert len(standing(world)) == 2
    refused, told = (echo, other) if parked == row_of(world, "Echo serca") else (other, echo)
    assert told.name in standing(world)
    slots.change_slot(slot=slot, services=[refused], by="a")
    world.settle()
    assert codes(slot) == {"no-service", "service-parked"}
    telling_services.retry(listing_service=parked, by="a")
    world.settle()
    assert len(standing(world)) == 3
    assert codes(slot) == set()


def test_an_address_that_cannot_be_read_parks_its_services_only(world, echo):
    world.fault("getAddressServices", "status", status=403)
    price(world, echo, 35000)
    [slot] = world.open(count=1)
    world.settle()
    assert row_of(world, "Echo serca").problem
    assert world.portal_shows() == [slot.start], "the service that is there goes on being offered"


# --- Two services, one counterpart ----------------------------------------------------------


@pytest.fixture
def second(world):
    """Another clinic in the same house; its own service has the world's service's counterpart."""
    clinic = organisation.add_clinic(unit=world.unit, name="Poradnia hipertensji", by="a")
    service = new_service(world, "Konsultacja hipertensjologiczna", linked=False, minutes=20)
    price_list = catalogue.add_price_list(
        clinic=clinic, name="Cennik 2", valid_from=None, valid_to=None, by="a"
    )
    price(world, service, 20000, price_list=price_list)
    catalogue.use_price_list(price_list=price_list, channel=CHANNEL, by="a")
    schedule = slots.add_schedule(clinic=clinic, practitioner=world.schedule.practitioner, by="a")
    place = CatalogueItem.objects.get(kind="place")
    links.link(account=world.account, record=clinic, item_id=place.pk, by="a")
    link(world, service, CatalogueItem.objects.get(kind="service").external_id)
    world.settle()
    return schedule, service, price_list


def test_two_clinics_services_that_agree_share_one_counterpart_at_an_address(world, second):
    schedule, _service, _list = second
    [morning] = world.open(count=1)
    [evening] = world.open(wall="16:00", count=1, minutes=20, schedule=schedule)
    world.settle()
    assert world.portal_shows() == [morning.start, evening.start]
    assert standing(world) == {"Konsultacja": 20000}


def test_a16_two_that_differ_in_price_are_offered_by_neither_and_it_is_said(world, second):
    """One address service has one price: whichever stood there would be wrong for the other."""
    schedule, service, price_list = second
    [morning] = world.open(count=1)
    [evening] = world.open(wall="16:00", count=1, minutes=20, schedule=schedule)
    price(world, service, 25000, price_list=price_list)
    world.settle()
    telling_days.release_held(listing=Listing.objects.get(), by="a")
    world.after(minutes=2)
    assert world.portal_shows() == []
    for slot in (morning, evening):
        assert codes(slot) == {"no-service", "service-contested"}
    said = " ".join(reason.sentence for reason in why_not_shown(morning, CHANNEL))
    assert service.name in said
    assert world.service.name in said
    price(world, service, 20000, price_list=price_list)
    world.after(minutes=1)
    assert world.portal_shows() == [morning.start, evening.start]


def test_a_price_in_another_currency_than_the_portals_is_none_there(world, echo):
    euros = catalogue.add_price_list(
        clinic=organisation.add_clinic(unit=world.unit, name="Druga", by="a"), name="EUR",
        valid_from=None, valid_to=None, currency="EUR", by="a",
    )  # fmt: skip
    price(world, echo, 9000, price_list=euros)
    catalogue.use_price_list(price_list=euros, channel=CHANNEL, by="a")
    schedule = slots.add_schedule(
        clinic=euros.clinic, practitioner=world.schedule.practitioner, by="a"
    )
    place = CatalogueItem.objects.get(kind="place")
    links.link(account=world.account, record=euros.clinic, item_id=place.pk, by="a")
    [slot] = world.open(count=1, schedule=schedule)
    world.settle()
    assert standing(world) == {"Konsultacja": 20000}
    assert codes(slot) == {"no-service", "service-other-currency"}


# --- The planner ----------------------------------------------------------------------------


def test_what_would_be_written_is_known_before_anything_is(world, echo):
    """The rehearsal counts these steps."""
    Account.objects.update(writing=Account.Writing.REHEARSAL)
    price(world, echo, 35000)
    price(world, world.service, 21000)
    before = len(world.wires.writes())
    world.settle()
    listing = Listing.objects.get()
    steps = services.services_to_tell(listing)
    assert {(step.kind, step.service.price_minor) for step in steps} == {
        (StepKind.ADD, 35000),
        (StepKind.CHANGE, 21000),
    }
    assert world.wires.writes()[before:] == []
    Account.objects.update(writing=Account.Writing.LIVE)
    world.settle()
    assert services.services_to_tell(listing) == []


def test_asking_again_costs_neither_reads_nor_writes(world, echo):
    price(world, echo, 35000)
    world.open(count=2)
    world.settle()
    fanout.ask_services(world.account)
    before = len(world.wires.requests)
    while world.engine.run_once():
        pass
    assert world.wires.requests[before:] == []
    assert not ListingService.objects.filter(asked__gt=0, answered=0).exists()
    assert ListingDay.objects.filter(problem="").exists()
    assert Service.objects.count() == 2


# --- Visits that were told before their service was there -----------------------------------


def test_a40_a_visit_told_as_a_break_becomes_a_booking_when_its_service_is_there(world, echo):
    """A40: a break only where no service is to be had; one that was refused stays (below)."""
    ahead, over = world.open(days=1, count=2)
    patients = PatientFactory.create_batch(2, organisation=world.organisation)
    for slot, patient in zip((ahead, over), patients, strict=True):
        visits.book_visit(
            schedule=slot.schedule, start=slot.start, end=slot.end, patient=patient, service=echo,
            by="reception",
        )  # fmt: skip
    world.settle()
    assert world.portal_bookings() == []
    assert sorted(Break.objects.values_list("since", flat=True)) == [ahead.start, over.start]
    price(world, echo, 35000)
    world.settle()
    assert world.portal_bookings() == [(ahead.start, "booked"), (over.start, "booked")]
    assert not Break.objects.exists(), "nothing is told twice"
    assert ahead.start not in world.portal_shows()


def test_a40_a_break_of_a_visit_that_is_over_stays(world, echo):
    [slot] = world.open(days=1, count=1)
    visits.book_visit(
        schedule=slot.schedule, start=slot.start, end=slot.end, service=echo, by="reception",
        patient=PatientFactory(organisation=world.organisation),
    )  # fmt: skip
    world.settle()
    world.clock.move_to(slot.end)
    price(world, echo, 35000)
    world.settle()
    assert world.portal_bookings() == []
    assert Break.objects.count() == 1


def test_a40_a_break_of_a_visit_whose_booking_was_refused_stays_whatever_service_comes(world, echo):
    [slot] = world.open(days=1, count=1)
    world.settle()
    world.fault("bookSlot", "status", status=403)
    world.plan(slot, PatientFactory(organisation=world.organisation))
    world.settle()
    price(world, echo, 35000)
    world.settle()
    assert (world.portal_bookings(), Break.objects.count()) == ([], 1)


# --- Found by comparing alone ---------------------------------------------------------------


def quiet(world):
    """Nobody hears of what is done to services there."""
    for event in ("address-service-changed", "address-service-deleted"):
        world.fault(event, "lost", times=None)


def test_a31_a_price_changed_there_is_found_within_the_hour_though_nobody_told(world):
    """The portal's own service at our price: we never wrote it, and its price is ours all the
    same.
    """
    world.open(count=1)
    world.after(minutes=16)
    quiet(world)
    actors.doctor_changes_service(world.portal_service, price_minor=99900)
    world.after(minutes=61)
    world.after(minutes=1)
    assert standing(world) == {"Konsultacja": 20000}


def test_a_service_removed_there_is_found_within_the_hour_and_made_again(world, echo):
    price(world, echo, 35000)
    world.open(count=1)
    world.after(minutes=16)
    quiet(world)
    actors.doctor_removes_service(there(world, "Echo serca"))
    world.after(minutes=61)
    world.after(minutes=1)
    assert standing(world) == {"Konsultacja": 20000, "Echo serca": 35000}
    [seen] = Difference.objects.filter(kind=Difference.Kind.SERVICE)
    assert seen.done == Difference.Done.TOLD_AGAIN


def test_a_service_that_is_out_of_use_here_goes_there(world, echo):
    price(world, echo, 35000)
    world.open(count=1)
    world.settle()
    catalogue.change_service(service=echo, is_active=False, by="a")
    world.settle()
    world.after(minutes=1)
    assert standing(world) == {"Konsultacja": 20000}
