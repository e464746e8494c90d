"""„Wizyty”: a day, planning, moving, cancelling, what became of them, clashes (A46, A52, A54)."""

from datetime import timedelta

import pytest
from django.urls import reverse

from slotbridge.his import patients, visits
from slotbridge.his.models import Patient, Visit
from slotbridge.his.patients import PatientData
from tests.web.house import CHANNEL
from tests.web.reading import content, errors, read

DAY = reverse("visits")


def page_of(visit):
    return reverse("visit", args=[visit.public_id])


def mark(client, visit, what):
    return client.post(reverse("visit-mark", args=[visit.public_id]), {"mark": what}, follow=True)


def fresh(visit):
    return Visit.objects.get(pk=visit.pk)


def link_to(page, text):
    return next(a.attributes["href"] for a in read(page).all("a") if a.text.startswith(text))


def test_a_day_without_visits_says_what_to_do(house, desk):
    assert "W tym dniu nie ma wizyt. Zaplanuj wizytę w wolnym terminie" in content(desk.get(DAY))


def test_a_day_lists_its_visits_in_order_and_no_others(house, desk):
    made = house.open()
    house.book(made[1], house.patient("Wacława", "Łopian"))
    house.book(made[0], house.patient("Jagna", "Borówka"))
    house.book(house.open(days=1)[0], house.patient("Oleg", "Королёв"))

    text = content(desk.get(DAY))

    assert text.index("Jagna Borówka") < text.index("Wacława Łopian")
    assert "Королёв" not in text
    assert "Королёв" in content(desk.get(DAY, {"day": "2026-03-03"}))


@pytest.mark.parametrize("narrowed", ["unit", "clinic", "person"])
def test_a_day_is_narrowed_to_a_unit_a_clinic_or_a_person(house, desk, narrowed):
    here, elsewhere = house.schedules[2], house.schedules[3]
    house.book(house.open(schedule=here)[0], house.patient("Jagna", "Borówka"))
    house.book(house.open(schedule=elsewhere)[0], house.patient("Wacława", "Łopian"))
    chosen = {"unit": here.clinic.unit, "clinic": here.clinic, "person": here.practitioner}

    text = content(desk.get(DAY, {narrowed: chosen[narrowed].public_id}))

    assert ("Jagna Borówka" in text, "Wacława Łopian" in text) == (True, False)


def test_a_visit_is_planned_by_free_time_patient_and_service(house, desk):
    house.open()
    house.patient("Jagna", "Borówka")

    times = desk.get(reverse("visit-free"))
    planning = desk.get(link_to(times, "09:30–10:00"))
    found = desk.get(link_to_search(planning, "borowka"))
    form = link_to(found, "Jagna Borówka")
    start = next(
        option.attributes["value"]
        for option in read(desk.get(form)).all("option")
        if option.text == "09:30"
    )
    answer = desk.post(
        form, {"service": house.service.public_id, "start": start, "comment": "kontrola"}
    )

    visit = Visit.objects.get()
    assert answer.headers["Location"] == page_of(visit)
    assert (visit.start, visit.end) == (house.at("09:30"), house.at("10:00"))
    assert (visit.patient.full_name, visit.comment) == ("Jagna Borówka", "kontrola")
    assert visit.events.get().actor == house.user("receptionist").username


def link_to_search(page, text):
    """The address that the search form of the planning page leads to."""
    form = next(one for one in read(page).all("form") if one.find("input", name="q"))
    pairs = [
        f"{one.attributes['name']}={one.attributes['value']}".replace("+", "%2B")
        for one in form.all("input")
        if one.attributes.get("type") == "hidden"
    ]
    return "?".join([reverse("visit-plan"), "&".join([*pairs, f"q={text}"])])


def test_a_new_patient_is_registered_on_the_way_and_planning_goes_on(house, desk):
    (slot,) = house.open(count=1)
    page = desk.get(reverse("visit-plan"), {"slot": slot.public_id})
    form = next(
        one for one in read(page).all("form") if "patients" in one.attributes.get("action", "")
    )

    answer = desk.post(
        form.attributes["action"],
        {"patient-given_name": "Jagna", "patient-family_name": "Borówka"},
    )

    made = Patient.objects.get()
    assert answer.headers["Location"].startswith(reverse("visit-plan"))
    assert f"patient={made.public_id}" in answer.headers["Location"]
    assert f"slot={slot.public_id}" in answer.headers["Location"]


def plan(client, house, slot, patient, **changed):
    address = reverse("visit-plan") + f"?slot={slot.public_id}&patient={patient.public_id}"
    fields = {"service": house.service.public_id, "start": slot.start.isoformat()}
    return client.post(address, {**fields, **changed})


def test_the_services_duration_is_the_visits_unless_minutes_are_given(house, desk):
    slots = house.open(count=2, minutes=60)
    patient = house.patient()

    plan(desk, house, slots[0], patient)
    plan(desk, house, slots[1], patient, minutes="45")

    assert [(v.end - v.start) // timedelta(minutes=1) for v in Visit.objects.order_by("start")] == [
        30,
        45,
    ]


def test_more_time_than_is_free_is_refused(house, desk):
    (slot,) = house.open(count=1)

    page = plan(desk, house, slot, house.patient(), minutes="40")

    assert "id_minutes_error" in errors(page)
    assert Visit.objects.count() == 0


def test_a_time_taken_meanwhile_is_refused_kindly(house, desk):
    (slot,) = house.open(count=1)
    house.book(slot)

    page = plan(desk, house, slot, house.patient("Wacława", "Łopian"))

    assert "W tym terminie nie ma już wolnego czasu." in content(page)
    assert Visit.objects.count() == 1


def test_a_visit_is_moved_to_a_free_time_of_another_practitioner(house, desk):
    visit = house.book(house.open(count=1)[0])
    house.open("12:00", 1, schedule=house.schedules[1])

    times = desk.get(reverse("visit-free"), {"visit": visit.public_id})
    question = link_to(times, "12:00–12:30")
    assert "Odtąd 2 marca 2026, 12:00–12:30, lek. Żaneta Ćwikła-Nowak" in content(
        desk.get(question)
    )
    fields = {
        one.attributes["name"]: one.attributes["value"]
        for one in read(desk.get(question)).all("input")
        if one.attributes.get("name") in {"slot", "start"}
    }
    desk.post(reverse("visit-move", args=[visit.public_id]), fields)

    moved = fresh(visit)
    assert (moved.practitioner, moved.start) == (house.people[1], house.at("12:00"))
    assert "Przeniesiona. 2 marca 2026, 09:00–09:30 → 2 marca 2026, 12:00–12:30" in content(
        desk.get(page_of(visit))
    )


def test_a_move_to_a_time_taken_meanwhile_changes_nothing(house, desk):
    first, second = house.open(count=2)
    visit = house.book(first)
    house.book(second, house.patient("Wacława", "Łopian"))

    page = desk.post(
        reverse("visit-move", args=[visit.public_id]),
        {"slot": second.public_id, "start": second.start.isoformat()},
        follow=True,
    )

    assert "Ten termin właśnie zajęto: wybierz inny." in content(page)
    assert fresh(visit).start == first.start


def test_a_visit_is_cancelled_with_a_reason(house, desk):
    visit = house.book(house.open(count=1)[0])
    address = reverse("visit-cancel", args=[visit.public_id])

    refused = desk.post(address, {"reason": ""}, follow=True)
    assert "Niczego nie odwołano: podaj powód." in content(refused)
    assert fresh(visit).status == "booked"

    desk.post(address, {"reason": "choroba lekarza"})
    assert (fresh(visit).status, fresh(visit).cancel_reason) == ("cancelled", "choroba lekarza")


def test_a_visit_that_has_begun_is_not_cancelled(house, desk, frozen):
    visit = house.book(house.open(count=1)[0])
    frozen.shift(timedelta(hours=1, minutes=10))

    page = desk.post(
        reverse("visit-cancel", args=[visit.public_id]), {"reason": "pomyłka"}, follow=True
    )

    assert "Wizyta się rozpoczęła" in content(page)


@pytest.mark.parametrize(
    ("what", "status"), [("arrived", "arrived"), ("fulfilled", "fulfilled"), ("noshow", "noshow")]
)
def test_what_became_of_a_visit_is_pressed(house, desk, frozen, what, status):
    visit = house.book(house.open(count=1)[0])
    frozen.shift(timedelta(hours=1, minutes=10))

    mark(desk, visit, what)

    assert fresh(visit).status == status


def test_nobody_can_miss_a_visit_that_has_not_begun(house, desk):
    visit = house.book(house.open(count=1)[0])

    page = mark(desk, visit, "noshow")

    assert "Wizyta jeszcze się nie zaczęła" in content(page)
    assert fresh(visit).status == "booked"


def test_a_press_in_the_list_leads_back_to_the_list_and_nowhere_else(house, desk):
    visit = house.book(house.open(count=1)[0])
    address = reverse("visit-mark", args=[visit.public_id])

    back = desk.post(address, {"mark": "arrived", "next": "/visits/?day=2026-03-02"})
    elsewhere = desk.post(address, {"mark": "arrived", "next": "https://example.com/"})

    assert back.headers["Location"] == "/visits/?day=2026-03-02"
    assert elsewhere.headers["Location"] == page_of(visit)


def test_a_clash_is_marked_with_the_three_nearest_free_times(house, desk):
    made = house.open(count=5, visible=True)
    _first, clash = house.clash(made[1])

    page = desk.get(DAY)

    assert "konflikt termin był już u nas zajęty" in content(page)
    offers = [a.text for a in read(page).all("a") if "/move/" in a.attributes["href"]]
    assert offers == ["2 marca 2026, 09:00", "2 marca 2026, 10:00", "2 marca 2026, 10:30"]
    assert "Konflikty do rozstrzygnięcia" in content(desk.get(reverse("home")))
    assert "nic nie jest odwoływane samo" in content(desk.get(page_of(clash)))


def test_a_clash_ends_when_one_of_the_two_is_moved_to_an_offered_time(house, desk):
    made = house.open(count=3, visible=True)
    _first, clash = house.clash(made[0])
    question = link_to(desk.get(page_of(clash)), "2 marca 2026, 09:30")

    fields = read(desk.get(question)).find("input", type="hidden")
    data = {one.attributes["name"]: one.attributes["value"] for one in fields}
    desk.post(reverse("visit-move", args=[clash.public_id]), data)
    assert (fresh(clash).start, fresh(clash).clash) == (house.at("09:30"), "")


def test_a_clash_is_not_settled_while_the_other_stands(house, desk):
    _first, clash = house.clash(house.open(count=1, visible=True)[0])

    page = mark(desk, clash, "settle")

    assert "Termin wciąż zajmuje inna wizyta" in content(page)
    assert fresh(clash).clash == "taken"


@pytest.fixture
def doubtful(house):
    """A parent's booking for a child, under the parent's e-mail address (A52)."""
    house.patient("Jagna", "Borówka", email="jagna@example.com", phone="+48600100200")
    data = PatientData(
        given_name="Tymek", family_name="Borówka", email="jagna@example.com", phone="+48600999777"
    )
    match = patients.match_or_register(
        organisation=house.organisation, data=data, channel=CHANNEL, by=CHANNEL
    )
    return house.book(
        house.open(count=1, visible=True)[0],
        match.patient,
        channel=CHANNEL,
        verify=match.verify,
        as_booked=match.as_booked,
        by=CHANNEL,
    )


def test_another_name_under_the_address_shows_both_names(doubtful, desk):
    text = content(desk.get(page_of(doubtful)))

    assert "Do weryfikacji: inne nazwisko lub data urodzenia pod tym adresem e-mail" in text
    assert "Imię Tymek Jagna" in text


def test_one_press_makes_the_visit_a_new_patients(doubtful, desk):
    desk.post(reverse("visit-match", args=[doubtful.public_id]), {"action": "split"})

    assert fresh(doubtful).patient.full_name == "Tymek Borówka"
    assert Patient.objects.count() == 2


def test_one_press_keeps_the_record_as_it_is(doubtful, desk):
    desk.post(reverse("visit-match", args=[doubtful.public_id]), {"action": "keep"})

    assert (fresh(doubtful).verify, fresh(doubtful).patient.given_name) == ([], "Jagna")


def test_one_value_is_taken_over(doubtful, desk):
    desk.post(reverse("visit-match", args=[doubtful.public_id]), {"action": "take:phone"})

    assert fresh(doubtful).patient.phone == "+48600999777"
    assert "given_name" in fresh(doubtful).as_booked


def test_only_columns_of_a_patient_can_be_taken_over(doubtful, desk):
    desk.post(reverse("visit-match", args=[doubtful.public_id]), {"action": "take:is_active"})

    assert fresh(doubtful).patient.is_active


def test_held_time_is_not_listed_as_a_visit(house, desk):
    (slot,) = house.open(count=1)
    visits.hold(
        schedule=house.schedule,
        start=slot.start,
        end=slot.end,
        lasting=timedelta(minutes=5),
        by="tests",
    )

    assert "W tym dniu nie ma wizyt." in content(desk.get(DAY))
