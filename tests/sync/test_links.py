"""The mappings, their rules and what follows from changing them (A12-A22)."""

import pytest

from slotbridge.his import catalogue, staff
from slotbridge.sandbox import actors
from slotbridge.sync import links
from slotbridge.sync.models import CatalogueItem, Link
from tests.world import CHANNEL, World

pytestmark = pytest.mark.django_db(databases=["default", "sandbox"])


def test_choices_list_what_the_portal_holds_with_who_has_it(world):
    [choice] = links.choices(account=world.account, kind="practitioner")
    assert (choice.name, choice.taken_by) == ("Gniewko Źrebiec", "Gniewko Źrebiec")
    [place] = links.choices(account=world.account, kind="clinic")
    assert "Przy Rynku" in place.name


def test_two_persons_are_never_one(world):
    """A12."""
    other = staff.add_practitioner(
        organisation=world.organisation, given_name="Anna", family_name="Inna", by="a"
    )
    item = CatalogueItem.objects.get(kind="doctor")
    with pytest.raises(links.LinkTaken) as taken:
        links.link(account=world.account, record=other, item_id=item.pk, by="a")
    assert taken.value.other == world.schedule.practitioner
    assert links.link_of(account=world.account, record=other) is None


def test_within_a_clinic_one_service_a_portal_service(world):
    """A12."""
    other = catalogue.add_service(
        organisation=world.organisation, name="EKG", duration_minutes=30, by="a"
    )
    catalogue.set_price(price_list=world.price_list, service=other, amount_minor=5000, by="a")
    item = CatalogueItem.objects.get(kind="service")
    with pytest.raises(links.ServiceClash) as clash:
        links.link(account=world.account, record=other, item_id=item.pk, by="a")
    assert (clash.value.other, clash.value.clinic) == (world.service, world.clinic)


def test_removing_a_link_withdraws_free_slots_and_keeps_visits_and_history(world):
    """A20."""
    first = world.open(count=2)[0]
    world.settle()
    booking = world.patient_books(first.start)
    world.settle()
    links.link(account=world.account, record=world.schedule.practitioner, item_id=None, by="a")
    world.settle()
    assert world.portal_shows() == []
    assert world.visits() == [(first.start, "booked", "")]
    assert Link.objects.filter(ended_at__isnull=False, practitioner__isnull=False).count() == 1
    actors.patient_cancels(booking)
    world.settle()
    assert world.visits() == [(first.start, "cancelled", "")], "the visit is still exchanged"


def test_linked_anew_the_slots_come_back(world):
    made = world.open(count=2)
    world.settle()
    links.link(account=world.account, record=world.unit, item_id=None, by="a")
    world.settle()
    assert world.portal_shows() == []
    world.link_all()
    assert world.portal_shows() == [slot.start for slot in made]


def test_linked_to_another_person_the_slots_move_there(frozen):
    """A21: booked visits stay under the old one."""
    world = World(frozen, doctors=2)
    first, second = world.open(count=2)
    world.settle()
    world.patient_books(first.start)
    world.settle()
    other = CatalogueItem.objects.get(kind="doctor", name__contains="Ćwikła")
    links.link(account=world.account, record=world.schedules[1].practitioner, item_id=None, by="a")
    links.link(account=world.account, record=world.schedule.practitioner, item_id=other.pk, by="a")
    world.settle()
    assert world.portal_shows() == []
    assert world.portal_shows(world.portal.addresses[1]) == [second.start]
    assert world.portal_bookings() == [(first.start, "booked")]
    assert world.visits() == [(first.start, "booked", "")]
    world.close()


def test_an_item_of_another_account_is_refused(world):
    with pytest.raises(links.NotOfThisAccount):
        links.link(account=world.account, record=world.unit, item_id=999_999, by="a")
    place = CatalogueItem.objects.get(kind="place")
    with pytest.raises(links.NotOfThisAccount):
        links.link(account=world.account, record=world.unit, item_id=place.pk, by="a")


def test_a_price_list_taken_off_the_channel_withdraws_its_slots(world):
    """A29: a few at once; many wait for a person."""
    world.open(count=4)
    world.settle()
    catalogue.stop_using_price_list(price_list=world.price_list, channel=CHANNEL, by="a")
    world.settle()
    assert world.portal_shows() == []


def test_a_booking_under_a_removed_link_is_still_compared(world):
    """A20: until it is over."""
    [slot] = world.open(count=1)
    world.settle()
    booking = world.patient_books(slot.start)
    world.settle()
    links.link(account=world.account, record=world.schedule.practitioner, item_id=None, by="a")
    world.settle()
    world.fault("booking-canceled", "lost")
    actors.patient_cancels(booking)
    world.after(minutes=31)
    assert world.visits() == [(slot.start, "cancelled", "")]
