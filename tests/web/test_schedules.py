"""„Grafiki”: R21, A15, A32, A34, A36, and the weekly template."""

from datetime import timedelta

import pytest
from django.urls import reverse

from slotbridge.his import slots
from slotbridge.his.models import Schedule, Slot
from tests.web.house import CHANNEL
from tests.web.reading import content, errors, labels, read

BOX = "Widoczność w serwisie ZnanyLekarz"


def page_of(house, days=0, schedule=None):
    schedule = schedule or house.schedule
    day = house.today + timedelta(days=days)
    return reverse("schedule", args=[schedule.public_id]) + f"?day={day}"


def act(client, house, action, *picked, days=0):
    return client.post(
        reverse("schedule-slots", args=[house.schedule.public_id]),
        {
            "day": house.today + timedelta(days=days),
            "action": action,
            "slots": [slot.public_id for slot in picked],
        },
        follow=True,
    )


def new_slots(**changed):
    fields = {"start": "14:00", "end": "16:00", "minutes": "30", "note": "", "room": "",
              "funding": "private"}  # fmt: skip
    return {f"new-{name}": value for name, value in {**fields, **changed}.items()}


def walls(house, schedule=None):
    rows = Slot.objects.filter(schedule=schedule or house.schedule).order_by("start")
    return [
        f"{slot.start.astimezone(house.unit.tz):%H:%M}-{slot.end.astimezone(house.unit.tz):%H:%M}"
        for slot in rows
    ]


def test_an_empty_day_says_what_to_do(house, desk):
    text = content(desk.get(page_of(house)))

    assert "W tym dniu nie ma terminów. Dodaj terminy poniżej albo utwórz je z grafiku" in text


def test_a_stretch_is_cut_into_slots_hidden_unless_the_box_is_ticked(house, desk):
    page = desk.get(page_of(house))
    assert "checked" not in labels(page)[BOX].attributes

    desk.post(page_of(house), new_slots(minutes="45"))
    assert walls(house) == ["14:00-14:45", "14:45-15:30"]
    assert [slot.channels for slot in Slot.objects.all()] == [[], []]

    desk.post(page_of(house), new_slots(start="16", end="17.00", visible_znanylekarz="on"))
    assert [slot.channels for slot in Slot.objects.order_by("start")][2:] == [[CHANNEL]] * 2


def test_a_stretch_may_end_at_midnight(house, desk):
    desk.post(page_of(house), new_slots(start="23:00", end="00:00"))

    assert walls(house) == ["23:00-23:30", "23:30-00:00"]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"end": "13:00"}, "id_new-end_error"),
        ({"minutes": "180"}, "id_new-minutes_error"),
        ({"start": "noon"}, "id_new-start_error"),
        ({"minutes": ""}, "id_new-minutes_error"),
    ],
)
def test_times_that_make_no_slot_are_refused_beside_the_field(house, desk, changed, field):
    page = desk.post(page_of(house), new_slots(**changed))

    assert field in errors(page)
    assert walls(house) == []


def test_an_overlap_names_the_slot_in_the_way_in_whatever_clinic(house, desk):
    house.open("14:30", 1, schedule=house.schedules[3])

    page = desk.post(page_of(house), new_slots())

    assert "Nakłada się na termin 14:30–15:00: Poradnia kardiologiczna Zarzecze." in content(page)
    assert walls(house) == []


def test_one_press_ticks_a_slots_box_and_another_unticks_it(house, desk):
    slot, *_rest = house.open()

    act(desk, house, f"publish:{CHANNEL}:{slot.public_id}")
    assert Slot.objects.get(pk=slot.pk).channels == [CHANNEL]
    box = read(desk.get(page_of(house))).find("button", role="checkbox")[0]
    assert box.attributes["aria-checked"] == "true"

    act(desk, house, box.attributes["value"])
    assert Slot.objects.get(pk=slot.pk).channels == []


def test_a_selection_is_ticked_at_once(house, desk):
    """A32: a range of slots."""
    made = house.open()

    page = act(desk, house, f"publish:{CHANNEL}", *made[:3])

    assert "3 terminy są teraz widoczne w serwisie ZnanyLekarz." in content(page)
    assert Slot.objects.filter(channels__contains=[CHANNEL]).count() == 3


def test_a66_who_pays_is_chosen_for_new_slots_and_for_a_selection(house, desk):
    desk.post(page_of(house), new_slots(funding="public"))
    made = list(Slot.objects.order_by("start"))
    assert {slot.funding for slot in made} == {"public"}

    act(desk, house, "fund:both", *made[:2])
    assert [slot.funding for slot in Slot.objects.order_by("start")] == [
        "both", "both", "public", "public",
    ]  # fmt: skip
    page = desk.get(reverse("slot", args=[made[0].public_id]))
    assert page.context["form"]["funding"].value() == "both"

    act(desk, house, "fund:barter", *made)
    assert not Slot.objects.exclude(funding__in=["both", "public"]).exists()


def test_pressing_without_a_selection_changes_nothing(house, desk):
    house.open()

    page = act(desk, house, "delete")

    assert "Najpierw zaznacz terminy w tabeli." in content(page)
    assert Slot.objects.count() == 4


def test_slots_of_another_day_or_schedule_cannot_be_picked(house, desk):
    (elsewhere,) = house.open(count=1, schedule=house.schedules[1])

    act(desk, house, "delete", elsewhere)

    assert Slot.objects.filter(pk=elsewhere.pk).exists()


def test_a_ticked_slot_that_is_not_shown_says_every_reason(house, desk):
    house.synchronise()
    house.open(count=1, visible=True)

    text = content(desk.get(page_of(house)))

    assert "dr n. med. Gniewko Źrebiec: brak powiązania z osobą w serwisie." in text
    assert "Poradnia „Poradnia kardiologiczna” nie ma adresu w serwisie." in text
    assert "Przychodnia „Przychodnia przy Rynku” nie ma placówki w serwisie." in text
    assert "nie ma na ten dzień cennika używanego w serwisie." in text


def test_an_unticked_slot_needs_no_reason(house, desk):
    house.synchronise()
    house.open(count=1)

    assert "brak powiązania" not in content(desk.get(page_of(house)))


def test_slots_with_visits_are_not_deleted(house, desk):
    made = house.open()
    house.book(made[0])

    page = act(desk, house, "delete", *made)

    assert "Niczego nie usunięto: na tych terminach jest 1 wizyta." in content(page)
    assert Slot.objects.count() == 4


def test_slots_are_deleted(house, desk):
    made = house.open()

    act(desk, house, "delete", *made[:2])

    assert walls(house) == ["10:00-10:30", "10:30-11:00"]


def test_the_day_shows_who_comes_and_what_is_free(house, desk):
    (slot, _other) = house.open(count=2, minutes=60)
    slot.end -= timedelta(minutes=30)
    house.book(slot, house.patient("Jagna", "Borówka"))

    text = content(desk.get(page_of(house)))

    assert "Jagna Borówka 09:00–09:30" in text
    assert "wolne: 09:30–10:00" in text


def test_a_slots_times_services_and_note_are_changed(house, desk):
    (slot,) = house.open(count=1)

    desk.post(
        reverse("slot", args=[slot.public_id]),
        {
            "start": "09:15",
            "end": "10:00",
            "services": [house.service.public_id],
            "funding": "both",
            "note": "pierwsza wizyta",
        },
    )

    slot.refresh_from_db()
    assert slot.funding == "both"
    assert walls(house) == ["09:15-10:00"]
    assert (list(slot.services.all()), slot.note) == ([house.service], "pierwsza wizyta")


def test_a_slot_is_not_shortened_under_its_visit(house, desk):
    (slot,) = house.open(count=1)
    house.book(slot)

    page = desk.post(
        reverse("slot", args=[slot.public_id]),
        {"start": "09:00", "end": "09:20", "funding": "private", "note": ""},
    )

    assert "1 wizyta wystawałaby poza termin." in content(page)
    assert walls(house) == ["09:00-09:30"]


def period(number, **changed):
    fields = {
        "weekday": "0", "start": "08:00", "end": "10:00", "slot_minutes": "30", "room": "",
    }  # fmt: skip
    return {f"p{number}-{name}": value for name, value in {**fields, **changed}.items()}


def test_a_weekly_template_is_saved_and_slots_are_generated_after_a_look(house, desk):
    template = reverse("schedule-template", args=[house.schedule.public_id])
    generate = reverse("schedule-generate", args=[house.schedule.public_id])
    days = {"first": "2026-03-09", "last": "2026-03-15"}

    desk.post(
        template,
        {
            **period(0, visible_znanylekarz="on"),
            **period(1, weekday="2", services=[house.service.public_id], funding="public"),
            **period(2, start="", end=""),
        },
    )
    look = content(desk.get(generate, days))
    assert "Dodane 8" in look
    assert Slot.objects.count() == 0

    desk.post(generate, days)
    assert Slot.objects.filter(day="2026-03-09", channels=[CHANNEL]).count() == 4
    assert Slot.objects.filter(day="2026-03-11", services=house.service).count() == 4
    assert Slot.objects.filter(day="2026-03-09", funding="private").count() == 4
    assert Slot.objects.filter(day="2026-03-11", funding="public").count() == 4
    page = desk.get(template)
    assert [labels(page)["Od"] is not None, "1 usługa" in content(page)] == [True, True]


def test_two_overlapping_lines_of_a_template_are_refused(house, desk):
    page = desk.post(
        reverse("schedule-template", args=[house.schedule.public_id]),
        {**period(0), **period(1, start="09:00", end="11:00")},
    )

    assert "Dwa wiersze jednego dnia nakładają się." in content(page)


def test_half_a_line_of_a_template_is_refused(house, desk):
    page = desk.post(
        reverse("schedule-template", args=[house.schedule.public_id]), period(0, end="")
    )

    assert "Podaj obie godziny albo żadnej." in content(page)


def test_generating_needs_a_template(house, desk):
    page = desk.get(
        reverse("schedule-generate", args=[house.schedule.public_id]),
        {"first": "2026-03-09", "last": "2026-03-15"},
        follow=True,
    )

    assert "Najpierw zapisz grafik wzorcowy." in content(page)


def test_a_schedule_is_opened_for_a_person_in_a_clinic_once(house, admin):
    choice = {"practitioner": house.people[3].public_id, "clinic": house.clinic.public_id}

    admin.post(reverse("schedule-new"), choice)
    page = admin.post(reverse("schedule-new"), choice)

    assert Schedule.objects.filter(practitioner=house.people[3]).count() == 1
    assert "Ta osoba ma już grafik w tej poradni." in content(page)


def test_times_are_those_of_the_units_zone(house, desk):
    ten_in_warsaw = (house.at("10:00"), house.at("10:30"))
    house.unit.time_zone = "Europe/London"
    house.unit.save()
    london = Schedule.objects.select_related("clinic__unit").get(pk=house.schedule.pk)
    slots.open_slots(schedule=london, ranges=[ten_in_warsaw], by="tests")

    assert "09:00–09:30" in content(desk.get(page_of(house)))


@pytest.mark.parametrize(
    ("typed", "wall"),
    [("8", "08:00"), ("16", "16:00"), ("8.30", "08:30"), ("0830", "08:30"), ("930", "09:30")],
)
def test_times_are_read_as_people_type_them(house, desk, typed, wall):
    desk.post(page_of(house), new_slots(start=typed, end="23:00", minutes="20"))

    assert walls(house)[0].startswith(wall)
