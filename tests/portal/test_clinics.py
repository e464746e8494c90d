"""What operators settle for a clinic."""

from datetime import UTC, date, datetime

import pytest

from slotbridge.portal import clinics
from slotbridge.portal.models import Clinic, Deed
from tests.portal.booking import THURSDAY, file_at, make_clinic, make_resource, work

pytestmark = pytest.mark.django_db(databases=["portal"])


def test_a_clinic_begins_as_the_protocol_says(db_of_portal):
    made = clinics.add_clinic(facts=clinics.Facts(name="Клиника «Берёза»"), by="olga")

    found = Clinic.objects.get(pk=made.pk)
    assert (found.time_zone, found.lead_minutes, found.is_open) == ("Europe/Moscow", 60, True)
    assert (found.most_bytes, found.most_elements) == (32 * 1024 * 1024, 300_000)
    assert not found.allows_plain_http
    assert Deed.objects.get().action == "clinic.add"


@pytest.mark.parametrize("zone", ["", "Moscow", "Europe/Nowhere", "+03:00", "../etc/passwd"])
def test_only_names_of_the_zone_database_are_zones(zone):
    with pytest.raises(clinics.NoSuchZone):
        clinics.Facts(name="Клиника", time_zone=zone)


def test_networks_are_read_as_people_write_them():
    typed = " 192.0.2.7/24, 198.51.100.9\n2001:db8::/32  192.0.2.0/24 "

    assert clinics.read_networks(typed) == ("192.0.2.0/24", "198.51.100.9/32", "2001:db8::/32")


@pytest.mark.parametrize("text", ["192.0.2.300", "clinic.example", "192.0.2.0/33"])
def test_what_is_no_network_is_named(text):
    with pytest.raises(clinics.NotANetwork) as refused:
        clinics.read_networks(f"192.0.2.1 {text}")

    assert refused.value.text == text


def test_facts_without_a_network_that_can_be_read_do_not_come_about():
    with pytest.raises(clinics.NotANetwork):
        clinics.Facts(name="Клиника", allowed_addresses=("anywhere",))


def test_the_log_names_the_fields_that_changed_and_no_values(db_of_portal):
    made = clinics.add_clinic(facts=clinics.Facts(name="Клиника", phone="+7 000"), by="olga")

    clinics.change_clinic(
        clinic=made, facts=clinics.Facts(name="Клиника", phone="+7 111", lead_minutes=30), by="olga"
    )

    told = Deed.objects.get(action="clinic.change")
    assert told.data == {"fields": ["lead_minutes", "phone"]}


def test_saving_without_a_change_does_nothing(db_of_portal):
    made = clinics.add_clinic(facts=clinics.Facts(name="Клиника"), by="olga")

    clinics.change_clinic(clinic=made, facts=clinics.facts_of(made), by="olga")

    assert not Deed.objects.filter(action="clinic.change").exists()


def test_a_new_zone_keeps_what_clocks_show_and_moves_live_orders(db_of_portal, travelled):
    clinic = make_clinic("Europe/Moscow")
    doctor = make_resource(clinic)
    work(doctor, THURSDAY, "8:00-12:00")
    order = file_at(doctor, THURSDAY, "10:00")
    assert order.start == datetime(2010, 7, 1, 6, tzinfo=UTC)

    facts = clinics.Facts(name=clinic.name, time_zone="Asia/Novosibirsk")
    clinics.change_clinic(clinic=clinic, facts=facts, by="olga")

    order.refresh_from_db()
    assert (order.day, f"{order.time:%H:%M}") == (date(2010, 7, 1), "10:00")
    assert order.start == datetime(2010, 7, 1, 3, tzinfo=UTC)


@pytest.fixture
def travelled():
    import time_machine

    with time_machine.travel("2010-06-30T12:00:00+00:00", tick=False) as clock:
        yield clock
