"""Why is this slot not shown? Every missing piece is named (A15-A19)."""

from datetime import timedelta

import pytest

from slotbridge.his import absences, catalogue, organisation, slots
from slotbridge.his.models import Visit
from slotbridge.kit import clock
from slotbridge.sync import accounts, links
from slotbridge.sync.models import Account, CatalogueItem
from slotbridge.sync.shown import why_not_shown, why_not_shown_for
from tests.world import CHANNEL, World

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


def codes(slot):
    slot.refresh_from_db()
    return [reason.code for reason in why_not_shown(slot, CHANNEL)]


@pytest.fixture
def slot(world):
    [made] = world.open(count=1)
    world.settle()
    return made


def test_a_slot_that_is_shown_has_no_reasons(world, slot):
    assert codes(slot) == []


def test_an_unticked_slot(world):
    [slot] = world.open(count=1, visible=False)
    world.settle()
    assert codes(slot) == ["not-visible"]


def test_a_slot_about_to_be_told(world):
    [slot] = world.open(count=1)
    world.engine.run_once()
    assert codes(slot) == ["waiting"]


def test_a_clinic_without_portal(frozen):
    world = World(frozen, linked=False)
    [slot] = world.open(count=1)
    assert "account" in codes(slot)
    world.close()


def test_every_missing_link_is_named_at_once(world, slot):
    """A15."""
    for record in (world.unit, world.clinic, world.schedule.practitioner):
        links.link(account=world.account, record=record, item_id=None, by="a")
    world.settle()
    assert {"no-person-link", "no-clinic-link", "no-unit-link"} <= set(codes(slot))
    sentences = [reason.sentence for reason in why_not_shown(slot, CHANNEL)]
    assert any("Poradnia kardiologiczna" in sentence for sentence in sentences)
    assert world.portal_shows() == []


def test_a_counterpart_that_vanished_there(world, slot):
    """A22: broken, and not linked anew by name."""
    CatalogueItem.objects.filter(kind="doctor").update(gone_at=clock.now())
    assert "broken-person-link" in codes(slot)


def test_a_clinic_without_ticked_price_list(world, slot):
    """A19."""
    catalogue.stop_using_price_list(price_list=world.price_list, channel=CHANNEL, by="a")
    assert "no-price-list" in codes(slot)


def test_a_service_that_is_not_in_the_list(world, slot):
    """A16."""
    other = catalogue.add_service(
        organisation=world.organisation, name="EKG", duration_minutes=15, by="a"
    )
    slots.change_slot(slot=slot, services=[other], by="a")
    world.settle()
    assert set(codes(slot)) == {"no-service", "service-not-listed"}
    catalogue.set_price(price_list=world.price_list, service=other, amount_minor=5000, by="a")
    assert set(codes(slot)) >= {"no-service", "service-not-linked"}  # A17


def test_a_service_that_does_not_fit(world):
    """A18."""
    [slot] = world.open(count=1, minutes=20)
    world.settle()
    assert set(codes(slot)) == {"no-service", "service-too-long"}


def test_a_service_missing_at_the_doctors_address(world, slot):
    CatalogueItem.objects.filter(kind="address_service").update(gone_at=clock.now())
    assert "service-waiting" in codes(slot)
    Account.objects.update(settings=world.account.settings | {"services": "portal"})
    assert "service-not-at-address" in codes(slot)


def test_a_doctor_without_an_address_at_the_place(world, slot):
    """A14."""
    CatalogueItem.objects.filter(kind="address").update(gone_at=clock.now())
    assert "no-address" in codes(slot)


def test_a_slot_that_is_taken_past_or_too_far(world, slot):
    absences.add_absence(
        practitioner=world.schedule.practitioner, start=slot.start, end=slot.end, by="a"
    )
    world.settle()
    assert codes(slot) == ["taken"]
    [far] = world.open(days=100, count=1)
    assert codes(far) == ["too-far"]
    world.clock.shift(timedelta(days=2))
    assert codes(slot) == ["past"]


def test_a_paused_account(world, slot):
    accounts.pause(account=world.account, by="a")
    assert codes(slot) == ["account"]


def test_asking_for_many_slots_costs_no_more_queries(world, django_assert_max_num_queries):
    made = world.open(days=5, count=8)
    world.settle()
    with django_assert_max_num_queries(25):
        one = why_not_shown_for(made[:1], CHANNEL)
    with django_assert_max_num_queries(25):
        many = why_not_shown_for(made, CHANNEL)
    assert set(many.values().__iter__().__next__()) == set() == set(one[made[0].pk])


def test_another_clinic_in_the_same_house_shares_the_doctors_calendar(world):
    """A12, A13, ADR 7: a date is replaced whole, so both schedules are told together."""
    second = organisation.add_clinic(unit=world.unit, name="Poradnia hipertensji", by="a")
    price_list = catalogue.add_price_list(
        clinic=second, name="Cennik 2", valid_from=None, valid_to=None, by="a"
    )
    catalogue.set_price(price_list=price_list, service=world.service, amount_minor=20000, by="a")
    catalogue.use_price_list(price_list=price_list, channel=CHANNEL, by="a")
    schedule = slots.add_schedule(clinic=second, practitioner=world.schedule.practitioner, by="a")
    place = CatalogueItem.objects.get(kind="place")
    links.link(account=world.account, record=second, item_id=place.pk, by="a")
    morning = world.open(count=2)
    evening = world.open(wall="16:00", count=2, schedule=schedule)
    world.settle()
    assert world.portal_shows() == [slot.start for slot in [*morning, *evening]]
    world.patient_books(evening[0].start)
    world.settle()
    assert Visit.objects.get().clinic == second, "the slot says which clinic (A13)"
