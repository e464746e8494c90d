"""What the portal's changes do to links: broken, mended by a person, or never noticed (A22)."""

import pytest

from slotbridge.sandbox import actors
from slotbridge.sandbox.models import Address, AddressService, Doctor, Service
from slotbridge.sync import accounts, links, proposals
from slotbridge.sync.models import CatalogueItem
from slotbridge.sync.shown import why_not_shown
from tests.world import CHANNEL

pytestmark = [
    pytest.mark.django_db(databases=["default", "sandbox"]),
    pytest.mark.usefixtures("english"),
]


def lists_are_read(world):
    accounts.refresh_catalogue(account=world.account, by="a")
    world.settle()


def the_place_is_renamed(world):
    """The portal has no places: the record that a clinic is linked to is gone, another has come,
    and the doctor's address is the same.
    """
    Address.objects.update(name="Gabinety przy Rynku")
    lists_are_read(world)


def the_doctor_is_made_anew(world):
    """With new ids of doctor, address and address service, as after a duplicate was merged."""
    old = world.address.doctor
    new = Doctor.objects.create(name=old.name, surname=old.surname)
    new.facilities.set(old.facilities.all())
    old_address, old_service = world.address, world.portal_service
    service_id, minutes = old_service.service_id, old_service.default_duration
    old.delete()
    address = Address.objects.create(
        facility_id=old_address.facility_id,
        doctor=new,
        name=old_address.name,
        street=old_address.street,
        city_name=old_address.city_name,
    )
    AddressService.objects.create(
        address=address, service_id=service_id, price_minor=20000, default_duration=minutes
    )
    lists_are_read(world)
    return address


def broken(world):
    return [links.record_of(link) for link in links.broken_links(world.account)]


def offered_anew(world, kind=None):
    """The row of the broken link; of this kind, where several are."""
    rows = proposals.overview(account=world.account, kind=None).broken
    [row] = [row for row in rows if kind in {None, row.kind}]
    return row


def test_a22_what_hangs_on_a_broken_link_is_withdrawn_and_its_visits_go_on(world):
    first, second = world.open(count=2)
    world.settle()
    booking = world.patient_books(first.start)
    world.settle()

    the_place_is_renamed(world)

    assert broken(world) == [world.clinic]
    assert world.portal_shows() == []
    assert "broken-clinic-link" in [one.code for one in why_not_shown(second, CHANNEL)]
    assert world.portal_bookings() == [(first.start, "booked")]
    actors.patient_cancels(booking)
    world.settle()
    assert world.visits() == [(first.start, "cancelled", "")]


def test_a22_nobody_but_a_person_mends_it_and_one_press_does(world):
    made = world.open(count=2)
    world.settle()
    the_place_is_renamed(world)
    lists_are_read(world)  # as each night: nothing is linked anew
    assert broken(world) == [world.clinic]
    assert world.portal_shows() == []

    row = offered_anew(world)
    assert (row.link.item.name.split(",")[0], row.proposal.item.name.split(",")[0]) == (
        "Przy Rynku",
        "Gabinety przy Rynku",
    )
    proposals.accept_one(
        account=world.account, record=row.record, item_id=row.proposal.item.pk, by="a"
    )
    world.settle()

    assert broken(world) == []
    assert world.portal_shows() == [slot.start for slot in made]


def test_a22_a_doctor_made_anew_is_offered_first_and_filled_at_the_new_address(world):
    made = world.open(count=2)
    world.settle()
    address = the_doctor_is_made_anew(world)
    assert broken(world) == [world.schedule.practitioner]
    assert world.portal_shows(address) == []

    row = offered_anew(world)
    assert (row.proposal.score, row.proposal.reason) == (100, "re-created on the portal")
    done = proposals.relink_all(account=world.account, by="a")
    world.settle()

    assert [link.practitioner for link in done.linked] == [world.schedule.practitioner]
    assert world.portal_shows(address) == [slot.start for slot in made]


def test_a22_a_namesake_who_was_there_all_along_is_not_the_one_who_went(world):
    namesake = Doctor.objects.create(
        name=world.address.doctor.name, surname=world.address.doctor.surname
    )
    namesake.facilities.set([world.portal.facility])
    lists_are_read(world)
    Doctor.objects.exclude(pk=namesake.pk).delete()
    lists_are_read(world)

    row = offered_anew(world, "practitioner")
    assert (row.proposal.item.external_id, row.proposal.reason) == (str(namesake.pk), "same name")
    assert proposals.relink_all(account=world.account, by="a").linked == []

    Doctor.objects.create(name=namesake.name, surname=namesake.surname).facilities.set(
        [world.portal.facility]
    )
    lists_are_read(world)
    row = offered_anew(world, "practitioner")
    assert row.proposal.reason == "re-created on the portal"
    assert row.proposal.item.external_id != str(namesake.pk)


def test_a22_two_that_came_with_the_same_name_wait_for_a_person(world):
    twin = Doctor.objects.create(
        name=world.address.doctor.name, surname=world.address.doctor.surname
    )
    twin.facilities.set([world.portal.facility])
    the_doctor_is_made_anew(world)
    assert offered_anew(world).proposal.item is None
    assert proposals.relink_all(account=world.account, by="a").linked == []
    assert broken(world) == [world.schedule.practitioner]


def test_a_service_made_anew_at_the_address_heals_without_people(world):
    """Its dictionary service is the same, and that is what we are linked to (R15)."""
    made = world.open(count=2)
    world.settle()
    old = world.portal_service
    service, minutes = old.service, old.default_duration
    old.delete()
    new = AddressService.objects.create(
        address=world.address, service=service, price_minor=20000, default_duration=minutes
    )
    lists_are_read(world)

    assert broken(world) == []
    assert [world.portal_service.pk, new.pk != old.pk] == [new.pk, True]
    assert world.portal_shows() == [slot.start for slot in made]
    world.patient_books(made[0].start)
    world.settle()
    assert world.visits() == [(made[0].start, "booked", "")]


def test_a22_a_dictionary_service_under_another_id_waits_for_a_person(world):
    made = world.open(count=2)
    world.settle()
    entry = world.portal_service.service
    name = entry.name
    entry.name = "Wycofana"
    entry.save()
    new = Service.objects.create(name=name)
    AddressService.objects.update(service=new)
    entry.delete()
    lists_are_read(world)
    assert broken(world) == [world.service]
    assert world.portal_shows() == []

    assert offered_anew(world).proposal.reason == "re-created on the portal"
    proposals.relink_all(account=world.account, by="a")
    world.settle()
    assert world.portal_shows() == [slot.start for slot in made]


def test_a22_a_record_that_comes_back_under_its_id_is_as_before(world):
    made = world.open(count=2)
    world.settle()
    Address.objects.update(name="Gabinety przy Rynku")
    lists_are_read(world)
    assert broken(world) == [world.clinic]
    Address.objects.update(name="Przy Rynku")
    lists_are_read(world)

    assert broken(world) == []
    assert world.portal_shows() == [slot.start for slot in made]
    assert CatalogueItem.objects.filter(kind="place", gone_at__isnull=True).count() == 1
