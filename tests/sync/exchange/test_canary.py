"""A patient whose name must be nowhere but in a patient's record, an order and a sealed body."""

import logging

import pytest
from django.db import connections

from slotbridge.his import visits
from slotbridge.his.models import Visit
from slotbridge.portal import orders as portal_orders
from slotbridge.portal.models import Order, Resource
from slotbridge.sync.models import Booking
from tests.exchange_world import CANARY

pytestmark = pytest.mark.django_db(databases=["default", "portal"])

MAY_NAME = {"his_patient", "portal_order"}


def rows(alias):
    """Every row of every table as text, by table."""
    with connections[alias].cursor() as cursor:
        for table in connections[alias].introspection.table_names(cursor):
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            yield table, "\n".join(row[0] for row in cursor.fetchall())


def test_a_patient_s_name_stays_where_it_belongs(world, caplog):
    caplog.set_level(logging.DEBUG)
    taken, refused, own = (world.at(1, wall) for wall in ("09:00", "09:30", "10:00"))
    world.patient_orders(taken)
    world.patient_orders(refused)
    filed = world.patient_orders(own)
    hall = Resource.objects.create(clinic=world.portal, number=99, name="Массажный кабинет")
    Order.objects.filter(pk=filed.pk).update(resource=hall)
    world.after(minutes=5)
    visits.accept_visit(visit=Visit.objects.get(start=taken), by="reception")
    visits.cancel_visit(visit=Visit.objects.get(start=refused), reason="urlop", by="reception")
    world.wires.cut = "after"
    world.after(minutes=1)
    portal_orders.withdraw_order(order=Order.objects.get(number=1), by="patient")
    world.after(hours=1)

    seen = dict(rows("default")) | dict(rows("portal"))
    assert Booking.objects.filter(sealed_data__isnull=False).exists()
    assert {table for table, text in seen.items() if CANARY in text} == MAY_NAME
    assert CANARY not in caplog.text
    assert world.key not in caplog.text
    assert [path for _, path, _ in world.wires.requests if CANARY in path] == []


def test_names_in_titles_are_seen_by_the_portal_s_staff_only(worlds, caplog):
    caplog.set_level(logging.DEBUG)
    world = worlds(titles="names")
    world.open()
    world.settle()
    world.patient_orders(world.at(1, "09:00"))
    world.after(minutes=5)
    visits.accept_visit(visit=Visit.objects.get(), by="reception")
    world.settle()

    named = {table for table, text in rows("portal") if CANARY in text}
    assert named == {"portal_order", "portal_appointment"}
    assert CANARY not in caplog.text
