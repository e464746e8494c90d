"""A clinic with a doctor, hours and occupancy, for tests of times and orders. All is invented."""

from datetime import date, datetime, time, timedelta
from itertools import count

from django.db import transaction

from slotbridge.kit import clock
from slotbridge.portal import orders
from slotbridge.portal.models import (
    Appointment,
    Clinic,
    Order,
    Resource,
    SectionImport,
    StaffMember,
    WorkingDay,
)
from slotbridge.wire.medihost import model

THURSDAY = date(2010, 7, 1)
PERSON = orders.Person(
    name1="Воробьёва", name2="Анна", name3="Петровна", email="anna@example.com", phone="+7 000"
)
_numbers = count(1)


def make_clinic(zone="Europe/Moscow", *, fresh=True, **columns):
    clinic = Clinic.objects.create(
        name="Клиника «Берёза»", time_zone=zone, created_at=clock.now(), **columns
    )
    if fresh:
        hear_of_occupancy(clinic)
    return clinic


def hear_of_occupancy(clinic, at=None):
    SectionImport.objects.update_or_create(
        clinic=clinic, section="Appointments", defaults={"at": at or clock.now()}
    )


def make_resource(clinic, mis_id=422, **columns):
    clinic.last_resource += 1
    clinic.save(update_fields=["last_resource"])
    return Resource.objects.create(
        clinic=clinic,
        mis_id=mis_id,
        **{"name": "Бурдин В. С.", "number": clinic.last_resource} | columns,
    )


def work(resource, day, *periods):
    """Periods as "8:00-12:00"."""
    flat = [minutes(each) for period in periods for each in period.split("-")]
    whose = (
        {"resource_mis_id": resource.mis_id}
        if resource.mis_id is not None
        else {"own_resource": resource}
    )
    return WorkingDay.objects.create(clinic=resource.clinic, day=day, periods=flat, **whose)


def minutes(text):
    hours, rest = text.split(":")
    return int(hours) * 60 + int(rest)


def occupy(resource, day, wall, duration=30, mis_id=None):
    return Appointment.objects.create(
        clinic=resource.clinic,
        tablename="SchedEvent",
        mis_id=mis_id or next(_numbers),
        resource_mis_id=resource.mis_id,
        day=day,
        time=time.fromisoformat(wall),
        duration=duration,
        title="Печёркина М. И.",
    )


def at(resource, day, wall):
    return clock.at(day, time.fromisoformat(wall), resource.clinic.tz)


def file_at(resource, day, wall, person=PERSON, **how):
    return orders.file_order(
        resource=resource, start=at(resource, day, wall), person=person, language="ru", **how
    )


def member_of(clinic):
    return StaffMember.objects.create(
        clinic=clinic,
        login=f"member{next(_numbers)}",
        name="Ольга",
        email=f"desk{next(_numbers)}@example.com",
        password="!",
        created_at=clock.now(),
    )


def change(order, status, **fields):
    return model.Order(id=order.number, status=status, **fields)


def take(order, status, **fields):
    """As an import does it: codes of the problems, and whether anything changed."""
    return take_row(order, change(order, status, **fields))


def take_row(order, row):
    with transaction.atomic(using="portal"):
        orders.lock(order.clinic_id)
        locked = (
            Order.objects.select_for_update(of=("self",))
            .select_related("clinic", "resource")
            .get(pk=order.pk)
        )
        known = {each.mis_id: each for each in Resource.objects.filter(clinic=order.clinic_id)}
        problems, has_changed = orders.take_change(locked, row, known)
    return [each.code for each in problems], has_changed


def walls(times):
    return [f"{each.time:%H:%M}" for each in times]


def wall(day, text):
    return datetime.combine(day, time.fromisoformat(text))


HALF = timedelta(minutes=30)
