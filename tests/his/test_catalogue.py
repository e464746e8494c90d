from datetime import date, timedelta

import pytest
from django.db import IntegrityError
from psycopg.types.range import Range

from slotbridge.his import catalogue, outbox
from slotbridge.his.breaches import NameTaken
from slotbridge.his.models import AuditEntry, OfferedPrice, Price, PriceListUse
from slotbridge.his.organisation import UnknownChannel
from slotbridge.his.stopping import StopEffect, effect_of_stopping
from slotbridge.kit import clock
from tests.factories import (
    CHANNEL,
    OTHER_CHANNEL,
    AbsenceFactory,
    ClinicFactory,
    OrganisationFactory,
    PriceFactory,
    PriceListFactory,
    PriceListUseFactory,
    ScheduleFactory,
    ServiceFactory,
    SlotFactory,
    VisitFactory,
    at_wall,
)

pytestmark = pytest.mark.django_db
BY = "administrator"
DAY = date(2026, 3, 2)


def used(price_list, channel=CHANNEL):
    return catalogue.use_price_list(price_list=price_list, channel=channel, by=BY)


def priced(service, amount_minor, **columns):
    price = PriceFactory(
        service=service, amount_minor=amount_minor, price_list=PriceListFactory(**columns)
    )
    return price.price_list


def amounts(service):
    return sorted(
        Price.objects.filter(service=service)
        .order_by("price_list")
        .values_list("amount_minor", flat=True)
    )


def told(clinic):
    """Whether every schedule of the clinic was named."""
    return {(each.pk, None) for each in clinic.schedules.all()} <= set(outbox.drain().days)


def test_a_second_ticked_list_of_a_clinic_is_refused_by_name():
    """R16a, A24."""
    clinic = ClinicFactory()
    first = used(PriceListFactory(clinic=clinic)).price_list

    with pytest.raises(catalogue.SecondPriceList) as refused:
        used(PriceListFactory(clinic=clinic))

    assert (refused.value.other, refused.value.channel) == (first, CHANNEL)
    assert PriceListUse.objects.count() == 1


def test_another_clinic_another_channel_and_other_days_are_no_second_list():
    """R16a, A25."""
    clinic = ClinicFactory()
    used(PriceListFactory(clinic=clinic, valid=Range(None, DAY)))

    used(PriceListFactory(clinic=clinic, valid=Range(DAY, None)))
    used(PriceListFactory())
    used(PriceListFactory(clinic=clinic), OTHER_CHANNEL)

    assert PriceListUse.objects.count() == 4


def test_ticking_twice_is_ticking_once():
    price_list = PriceListFactory()

    assert used(price_list) == used(price_list)
    assert AuditEntry.objects.filter(action="price-list.use").count() == 1


def test_a_channel_that_nobody_added_is_refused():
    with pytest.raises(UnknownChannel):
        used(PriceListFactory(), "znanylekasz")


def test_ticking_a_list_with_another_price_is_refused_with_everything_an_error_must_name():
    """R16b, A26, A27: the core knows no mapping, so the rule holds for every service."""
    service = ServiceFactory()
    mine, theirs = priced(service, 200_00), priced(service, 210_00)
    used(theirs)

    with pytest.raises(catalogue.UnequalPrices) as refused:
        used(mine)

    assert refused.value.conflicts == [
        catalogue.PriceConflict(
            service=service,
            channel=CHANNEL,
            currency="PLN",
            price_list=mine,
            clinic=mine.clinic,
            amount_minor=200_00,
            other_list=theirs,
            other_clinic=theirs.clinic,
            other_amount_minor=210_00,
        )
    ]
    assert str(refused.value) == (
        f"service {service.pk}: 20000 in price list {mine.pk}, 21000 in price list {theirs.pk}"
    )
    assert not mine.uses.exists()


def test_every_unequal_price_is_named_at_once():
    services = [ServiceFactory(name=name) for name in ("EKG", "Echo", "Holter")]
    mine, theirs = PriceListFactory(), PriceListFactory()
    for n, service in enumerate(services):
        PriceFactory(price_list=mine, service=service, amount_minor=100_00)
        PriceFactory(price_list=theirs, service=service, amount_minor=100_00 + n)
    used(theirs)

    with pytest.raises(catalogue.UnequalPrices) as refused:
        used(mine)

    assert [conflict.service.name for conflict in refused.value.conflicts] == ["Echo", "Holter"]


def test_adding_a_service_to_a_ticked_list_is_judged():
    service = ServiceFactory()
    used(priced(service, 210_00))
    mine = used(PriceListFactory()).price_list

    with pytest.raises(catalogue.UnequalPrices):
        catalogue.set_price(price_list=mine, service=service, amount_minor=200_00, by=BY)

    assert amounts(service) == [210_00]
    catalogue.set_price(price_list=mine, service=service, amount_minor=210_00, by=BY)
    assert OfferedPrice.objects.count() == 2


def test_changing_a_price_in_a_ticked_list_is_judged():
    service = ServiceFactory()
    mine, theirs = priced(service, 200_00), priced(service, 200_00)
    used(mine)
    used(theirs)

    with pytest.raises(catalogue.UnequalPrices) as refused:
        catalogue.set_price(price_list=mine, service=service, amount_minor=200_01, by=BY)

    assert [each.amount_minor for each in refused.value.conflicts] == [200_01]
    assert amounts(service) == [200_00, 200_00]


def test_prices_may_differ_where_nothing_ties_the_lists():
    service = ServiceFactory()
    used(priced(service, 200_00, valid=Range(None, DAY)))
    used(priced(service, 210_00, valid=Range(DAY, None)))
    used(priced(service, 220_00), OTHER_CHANNEL)
    used(priced(service, 50_00, currency="EUR"))
    elsewhere = OrganisationFactory(name="Inna lecznica")
    foreign = PriceFactory(organisation=elsewhere, amount_minor=1)
    used(foreign.price_list)

    assert OfferedPrice.objects.count() == 5


def test_a_breach_of_another_rule_is_not_taken_for_a_price_rule():
    with pytest.raises(IntegrityError):
        catalogue.set_price(
            price_list=PriceListFactory(), service=ServiceFactory(), amount_minor=-1, by=BY
        )


def test_other_days_are_judged_as_ticking_is():
    service = ServiceFactory()
    clinic = ClinicFactory()
    past = used(priced(service, 200_00, clinic=clinic, valid=Range(None, DAY))).price_list
    used(priced(service, 210_00, valid=Range(DAY, None)))
    used(PriceListFactory(clinic=clinic, valid=Range(DAY + timedelta(days=9), None)))

    def lengthen(days):
        return catalogue.change_price_list(
            price_list=past, name="Dłużej", valid_from=None, valid_to=DAY + days, by=BY
        )

    with pytest.raises(catalogue.UnequalPrices):
        lengthen(timedelta(days=1))
    with pytest.raises(catalogue.SecondPriceList):
        lengthen(timedelta(days=10))
    past.refresh_from_db()
    assert past.valid == Range(None, DAY)

    shortened = lengthen(timedelta(days=-1))
    assert shortened.name == "Dłużej"
    assert shortened.uses.get().valid == Range(None, DAY - timedelta(days=1))


def test_a_list_valid_on_no_day_is_refused():
    with pytest.raises(catalogue.EmptyValidity):
        catalogue.add_price_list(
            clinic=ClinicFactory(), name="Cennik", valid_from=DAY, valid_to=DAY, by=BY
        )


def test_a_price_is_raised_in_all_ticked_lists_at_once():
    """A26."""
    service = ServiceFactory()
    lists = [priced(service, 200_00) for _ in range(3)]
    for price_list in lists[:2]:
        used(price_list)

    changed = catalogue.set_price_everywhere(
        organisation=service.organisation,
        channel=CHANNEL,
        service=service,
        amount_minor=250_00,
        by=BY,
    )

    assert changed == lists[:2]
    assert amounts(service) == [200_00, 250_00, 250_00]
    assert {row.amount_minor for row in OfferedPrice.objects.all()} == {250_00}


def test_raising_a_price_everywhere_leaves_lists_that_are_over_as_they_were(frozen):
    service = ServiceFactory()
    over = used(priced(service, 180_00, valid=Range(None, DAY))).price_list
    used(priced(service, 200_00, valid=Range(DAY, None)))

    catalogue.set_price_everywhere(
        organisation=service.organisation,
        channel=CHANNEL,
        service=service,
        amount_minor=250_00,
        by=BY,
    )

    assert over.prices.get().amount_minor == 180_00


def test_raising_a_price_from_one_list_leaves_the_next_year_as_it_was_prepared():
    service = ServiceFactory()
    new_year = date(2027, 1, 1)
    mine = priced(service, 200_00, valid=Range(None, date(2026, 7, 1)))
    tied = priced(service, 200_00, valid=Range(date(2026, 3, 1), date(2026, 12, 1)))
    through_it = priced(service, 200_00, valid=Range(date(2026, 11, 1), new_year))
    prepared = priced(service, 300_00, valid=Range(new_year, None))
    for price_list in (mine, tied, through_it, prepared):
        used(price_list)

    changed = catalogue.set_price_everywhere(
        organisation=service.organisation,
        channel=CHANNEL,
        service=service,
        amount_minor=250_00,
        starting_from=mine,
        by=BY,
    )

    assert changed == [mine, tied, through_it]
    assert amounts(service) == [250_00, 250_00, 250_00, 300_00]


def test_raising_a_price_everywhere_heeds_the_other_channel_of_a_list():
    service = ServiceFactory()
    mine, theirs = priced(service, 200_00), priced(service, 200_00)
    used(mine)
    used(mine, OTHER_CHANNEL)
    used(theirs, OTHER_CHANNEL)

    with pytest.raises(catalogue.UnequalPrices) as refused:
        catalogue.set_price_everywhere(
            organisation=service.organisation,
            channel=CHANNEL,
            service=service,
            amount_minor=250_00,
            by=BY,
        )

    assert [each.channel for each in refused.value.conflicts] == [OTHER_CHANNEL]
    assert amounts(service) == [200_00, 200_00]
    # The constraint is immediate again: a later change is judged at once.
    with pytest.raises(catalogue.UnequalPrices):
        catalogue.set_price(price_list=mine, service=service, amount_minor=1, by=BY)


def test_prices_are_read_for_the_day_of_the_list():
    clinic, service = ClinicFactory(), ServiceFactory()
    used(priced(service, 200_00, clinic=clinic, valid=Range(None, DAY)))
    used(priced(service, 210_00, clinic=clinic, valid=Range(DAY, None)))
    priced(service, 999_00, clinic=clinic)

    yesterday = catalogue.prices_on(clinic, CHANNEL, DAY - timedelta(days=1))
    today = catalogue.prices_on(clinic, CHANNEL, DAY)

    assert yesterday[service.pk].amount_minor == 200_00
    assert today[service.pk].amount_minor == 210_00
    assert catalogue.prices_on(clinic, OTHER_CHANNEL, DAY) == {}


def test_prices_of_many_clinics_are_one_query(django_assert_num_queries):
    service = ServiceFactory()
    before = priced(service, 200_00, valid=Range(None, DAY))
    after = priced(service, 210_00, valid=Range(DAY, None), clinic=before.clinic)
    elsewhere = priced(service, 210_00, valid=Range(DAY, None))
    for price_list in (before, after, elsewhere):
        used(price_list)
    PriceFactory(service=ServiceFactory(is_active=False), price_list=elsewhere)
    clinics = {before.clinic_id, elsewhere.clinic_id}

    with django_assert_num_queries(1):
        rows = catalogue.prices_between(
            clinics=clinics, channel=CHANNEL, first=DAY - timedelta(days=1), last=DAY
        )

    assert {(row.clinic_id, row.amount_minor) for row in rows} == {
        (before.clinic_id, 200_00),
        (before.clinic_id, 210_00),
        (elsewhere.clinic_id, 210_00),
    }
    assert [DAY in row for row in rows if row.clinic_id == before.clinic_id] == [False, True]
    only_yesterday = catalogue.prices_between(
        clinics=clinics, channel=CHANNEL, first=date.min, last=DAY - timedelta(days=1)
    )
    assert [row.amount_minor for row in only_yesterday] == [200_00]


def test_every_change_of_a_price_names_the_clinic():
    schedule = ScheduleFactory()
    clinic, service = schedule.clinic, ServiceFactory()
    price_list = catalogue.add_price_list(
        clinic=clinic, name="Cennik", valid_from=None, valid_to=None, by=BY
    )
    assert not told(clinic)

    catalogue.use_price_list(price_list=price_list, channel=CHANNEL, by=BY)
    assert told(clinic)
    catalogue.set_price(price_list=price_list, service=service, amount_minor=1, by=BY)
    assert told(clinic)
    catalogue.set_price_everywhere(
        organisation=clinic.organisation, channel=CHANNEL, service=service, amount_minor=2, by=BY
    )
    assert told(clinic)
    catalogue.change_price_list(
        price_list=price_list, name="Cennik", valid_from=DAY, valid_to=None, by=BY
    )
    assert told(clinic)
    catalogue.change_service(service=service, duration_minutes=45, by=BY)
    assert told(clinic)
    catalogue.remove_price(price_list=price_list, service=service, by=BY)
    assert told(clinic)
    assert not OfferedPrice.objects.exists()
    catalogue.stop_using_price_list(price_list=price_list, channel=CHANNEL, by=BY)
    assert told(clinic)
    assert not PriceListUse.objects.exists()
    assert set(AuditEntry.objects.values_list("action", "actor")) == {
        (action, BY)
        for action in (
            "price-list.add",
            "price-list.use",
            "price.set",
            "price.set-everywhere",
            "price-list.change",
            "service.change",
            "price.remove",
            "price-list.stop-using",
        )
    }


def test_two_services_of_one_name_are_refused():
    first = catalogue.add_service(
        organisation=OrganisationFactory(), name="EKG", duration_minutes=15, by=BY
    )
    other = ServiceFactory(name="Echo")

    with pytest.raises(NameTaken):
        catalogue.add_service(
            organisation=first.organisation, name="EKG", duration_minutes=15, by=BY
        )
    with pytest.raises(NameTaken):
        catalogue.change_service(service=other, name="EKG", by=BY)


def test_before_a_tick_is_taken_off_its_effect_is_counted():
    price_list = used(PriceListFactory()).price_list
    short, long = ServiceFactory(duration_minutes=20), ServiceFactory(duration_minutes=40)
    retired = ServiceFactory(is_active=False, duration_minutes=5)
    unpriced = ServiceFactory(duration_minutes=10)
    for service in (short, long, retired):
        PriceFactory(price_list=price_list, service=service)
    schedule = ScheduleFactory(clinic=price_list.clinic)
    shown = {"schedule": schedule, "channels": [CHANNEL]}

    SlotFactory(**shown, start=at_wall(schedule, 0, "09:00"))
    SlotFactory(**shown, start=at_wall(schedule, 0, "10:00"), services=[short, unpriced])
    # None of these loses a service: too short for it, not priced, hidden, taken, absent, past.
    SlotFactory(**shown, start=at_wall(schedule, 0, "11:00"), services=[long])
    SlotFactory(**shown, start=at_wall(schedule, 0, "12:00"), services=[unpriced])
    SlotFactory(schedule=schedule, start=at_wall(schedule, 0, "13:00"))
    VisitFactory(slot=SlotFactory(**shown, start=at_wall(schedule, 0, "14:00")))
    away = SlotFactory(**shown, start=at_wall(schedule, 0, "15:00"))
    AbsenceFactory(practitioner=schedule.practitioner, start=away.start, end=away.end)
    SlotFactory(**shown, start=clock.now() - timedelta(hours=1))

    effect = effect_of_stopping(price_list=price_list, channel=CHANNEL)

    assert effect == StopEffect(services=2, slots=2)
    catalogue.stop_using_price_list(price_list=price_list, channel=CHANNEL, by=BY)
    assert effect_of_stopping(price_list=price_list, channel=CHANNEL) == StopEffect(0, 0)


def test_slots_on_days_of_another_list_do_not_count():
    schedule = ScheduleFactory()
    start = at_wall(schedule, 0, "09:00")
    valid = Range(start.date(), start.date() + timedelta(days=1))
    price_list = PriceListUseFactory(
        price_list=PriceListFactory(clinic=schedule.clinic, valid=valid)
    ).price_list
    PriceFactory(price_list=price_list)
    for days in (-1, 0, 1):
        SlotFactory(schedule=schedule, start=start + timedelta(days=days), channels=[CHANNEL])

    assert effect_of_stopping(price_list=price_list, channel=CHANNEL).slots == 1


def test_a_list_of_a_clinic_without_slots_withdraws_none():
    price_list = used(PriceListFactory(valid=Range(None, None))).price_list
    PriceFactory(price_list=price_list)

    effect = effect_of_stopping(price_list=price_list, channel=CHANNEL)

    assert effect == StopEffect(services=1, slots=0)
