"""What patients see before they choose a time."""

from datetime import date, timedelta

import pytest

from slotbridge.kit import clock
from slotbridge.portal.models import Clinic, ResourceGroup
from slotbridge.portal.pages import base, order
from slotbridge.portal.wsgi import URLCONF
from tests.portal.booking import hear_of_occupancy, make_clinic, make_resource, occupy, work
from tests.portal.pages.conftest import TODAY, Browser

pytestmark = [pytest.mark.django_db(databases=["portal"]), pytest.mark.urls(URLCONF)]
TOMORROW = TODAY + timedelta(days=1)


def clinic_page(practice, query=""):
    return f"/clinics/{practice.public_id}/{query}"


def test_without_clinics_the_list_says_so(browser, db_of_portal):
    assert "Здесь пока нет клиник" in browser.get("/").main


def test_open_clinics_are_listed_as_russian_sorts_them(browser, db_of_portal, frozen):
    for name in ("Ямская", "Ёлка", "ель", "Алоэ", "Жемчуг", "МРТ", "5 минут"):
        Clinic.objects.create(name=name, created_at=clock.now())
    Clinic.objects.create(name="Закрытая", is_open=False, created_at=clock.now())

    assert browser.get("/").all("h3") == [
        "5 минут",
        "Алоэ",
        "Ёлка",
        "ель",
        "Жемчуг",
        "МРТ",
        "Ямская",
    ]


@pytest.mark.parametrize(
    ("names", "as_sorted"),
    [
        (["ё", "ж", "е", "д"], ["д", "е", "ё", "ж"]),
        (["Ёлкин", "Елкина", "Елкин"], ["Елкин", "Ёлкин", "Елкина"]),
        (["Бурдин В. С.", "Бурдин"], ["Бурдин", "Бурдин В. С."]),
        (["анна", "Анна", "АННА"], ["анна", "Анна", "АННА"]),
        (["Smith", "Яшин"], ["Яшин", "Smith"]),
        (["Кабинет 2", "Кабинет 10"], ["Кабинет 10", "Кабинет 2"]),
    ],
)
def test_russian_order(names, as_sorted):
    assert sorted(names, key=order.russian) == as_sorted


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("елка", ["Ёлка"]),
        ("ЁЛКА", ["Ёлка"]),
        ("омск", ["Ёлка"]),
        ("лка омс", ["Ёлка"]),
        ("%", []),
        ("москва", []),
    ],
)
def test_clinics_are_found_by_name_and_town(browser, db_of_portal, frozen, query, found):
    Clinic.objects.create(name="Ёлка", address="Омск, пр. Мира, 1", created_at=clock.now())
    Clinic.objects.create(name="Берёза", address="Томск", created_at=clock.now())

    page = browser.get("/").press("Найти", q=query)

    assert [each for each in page.all("h3") if each == "Ёлка"] == found
    assert page.tree.get_element_by_id("q").value == query


def test_a_search_can_be_empty_handed(browser, practice):
    page = browser.get("/?q=нет такой")

    assert "По запросу «нет такой» ничего не найдено" in page.main
    assert "Берёза" in page.link("Показать все").main


def test_people_stand_in_their_groups_in_display_order(browser, practice):
    def group(mis_id, name, pos):
        ResourceGroup.objects.create(clinic=practice, mis_id=mis_id, name=name, pos=pos)

    group(1, "Терапевты", 2)
    group(2, "Хирурги", 1)
    group(3, "Пустая", 0)
    make_resource(practice, 10, name="Яшин", group_mis_id=1)
    make_resource(practice, 11, name="Ёжиков", group_mis_id=1)
    make_resource(practice, 12, name="Ежов", group_mis_id=1, pos=1)
    make_resource(practice, 13, name="Рыжов", group_mis_id=2)
    make_resource(practice, 14, name="Кабинет", group_mis_id=99)  # a group that is not there
    make_resource(practice, 15, name="Бассейн")
    make_resource(practice, 16, name="Скрытый", hidden_at=clock.now())
    make_resource(practice, -3, name="Бассейн")

    page = browser.get(clinic_page(practice))

    assert page.all("h2") == ["Хирурги", "Терапевты", "Без группы"]
    assert page.all("who") == ["Рыжов", "Ёжиков", "Яшин", "Ежов", "Бассейн", "Бассейн", "Кабинет"]
    links = [a.get("href") for a in page.tree.iter("a") if "Бассейн" in a.text_content()]
    second = practice.resources.get(mis_id=15)
    assert str(second.public_id) in links[1]  # ids decide between namesakes


def test_each_one_is_shown_with_the_next_free_time(browser, practice):
    today = make_resource(practice, 1, name="Абрамов")
    work(today, TODAY, "9:00-13:00")
    occupy(today, TODAY, "11:00")
    work(make_resource(practice, 2, name="Белов"), TOMORROW, "9:30-13:00")
    work(make_resource(practice, 3, name="Волков"), date(2026, 3, 12), "8:00-9:00")
    make_resource(practice, 4, name="Громов")

    page = browser.get(clinic_page(practice))

    assert page.all("soon") == [
        "свободно сегодня, 11:30",
        "свободно завтра, 09:30",
        "свободно чт, 12 марта, 08:00",
        "нет свободного времени",
    ]


def test_people_are_found_by_name_and_by_group(browser, practice):
    ResourceGroup.objects.create(clinic=practice, mis_id=1, name="Врач-хирург")
    make_resource(practice, 10, name="Королёв", group_mis_id=1)
    make_resource(practice, 11, name="Яшин")

    assert browser.get(clinic_page(practice, "?q=королев")).all("who") == ["Королёв"]
    assert browser.get(clinic_page(practice, "?q=хирург")).all("who") == ["Королёв"]
    nobody = browser.get(clinic_page(practice, "?q=окулист"))
    assert "ничего не найдено" in nobody.main
    assert nobody.link("Показать все").all("who") == ["Королёв", "Яшин"]


def test_a_clinic_that_has_sent_nobody_says_so(browser, practice):
    assert "Врачей пока нет" in browser.get(clinic_page(practice)).main


@pytest.mark.parametrize("hours", [24, None])
def test_stale_clinics_say_whom_to_call_and_offer_nothing(browser, frozen, db_of_portal, hours):
    practice = make_clinic(fresh=False, phone="+7 495 000-00-00")
    if hours:
        hear_of_occupancy(practice, clock.now() - timedelta(hours=hours))
    doctor = make_resource(practice, name="Пихтова")
    work(doctor, TODAY, "9:00-18:00")

    page = browser.get(clinic_page(practice))
    assert "Онлайн-запись приостановлена" in page.main
    assert "позвоните в клинику: +7 495 000-00-00" in page.main
    assert page.all("soon") == []

    week = page.link("Пихтова")
    assert "Онлайн-запись приостановлена" in week.main
    assert week.all("time") == []


def test_a_late_clinic_still_offers_its_times(browser, practice, doctor):
    hear_of_occupancy(practice, clock.now() - timedelta(hours=23))

    page = browser.get(clinic_page(practice)).link("Пихтова")

    assert "приостановлена" not in page.main
    assert len(page.all("time")) > 0


def test_own_resources_of_a_stale_clinic_stay_offered(browser, frozen, db_of_portal):
    practice = make_clinic(fresh=False)
    work(make_resource(practice, None, name="Процедурная"), TODAY, "11:00-12:00")

    page = browser.get(clinic_page(practice))

    assert "приостановлена" not in page.main
    assert page.all("soon") == ["свободно сегодня, 11:00"]
    assert page.link("Процедурная").all("time")


def test_a_week_is_shown_by_days_and_weeks_lead_on(browser, practice, doctor):
    work(doctor, date(2026, 3, 9), "9:00-10:00")

    page = browser.get(f"/resources/{doctor.public_id}/")
    assert "2–8 марта" in page.main
    assert page.all("time")[0] == "понедельник, 2 марта, 11:00"  # the lead time is an hour
    assert page.all("none")[0].startswith("Среда 4 марта")

    later = page.link("Позже")
    assert later.all("time") == ["понедельник, 9 марта, 09:00", "понедельник, 9 марта, 09:30"]
    assert later.link("Раньше").path.endswith("?from=2026-03-02")


def test_an_empty_week_leads_to_the_nearest_time(browser, practice):
    doctor = make_resource(practice, name="Пихтова")
    work(doctor, date(2026, 3, 26), "9:00-10:00")

    page = browser.get(f"/resources/{doctor.public_id}/")

    assert "На этой неделе свободного времени нет" in page.main
    assert page.link("Четверг, 26 марта, 09:00").all("time")[0] == "четверг, 26 марта, 09:00"


def test_who_is_never_free_is_called(browser, practice):
    doctor = make_resource(practice, name="Пихтова")

    assert "Загляните позже или позвоните" in browser.get(f"/resources/{doctor.public_id}/").main


@pytest.mark.parametrize("first", ["2020-01-01", "9999-12-31", "0001-01-01", "x", ""])
def test_weeks_stay_within_what_can_be_looked_through(browser, practice, doctor, first):
    browser.get(f"/resources/{doctor.public_id}/?from={first}")


def test_titles_of_appointments_are_on_no_page(browser, practice, doctor):
    taken = occupy(doctor, TODAY, "15:00")
    assert taken.title
    page = browser.get(clinic_page(practice))

    for each in (page, page.link("Пихтова"), page.link("Пихтова").press("16:00")):
        assert "Печёркина" not in each.text
    assert "понедельник, 2 марта, 15:00" not in page.link("Пихтова").all("time")


def test_what_is_hidden_or_closed_has_no_page(browser, practice, doctor):
    assert "Такой страницы нет" in browser.get(f"/clinics/{doctor.public_id}/", status=404).main
    doctor.hidden_at = clock.now()
    doctor.save()
    browser.get(f"/resources/{doctor.public_id}/", status=404)
    practice.is_open = False
    practice.save()
    browser.get(clinic_page(practice), status=404)


@pytest.mark.parametrize(
    ("accepted", "heading"),
    [
        ("ru", "Запись на приём"),
        ("en-GB,en;q=0.9", "Make an appointment"),
        ("de", "Запись на приём"),
        ("ru;q=0.5, en;q=0.8", "Make an appointment"),
        ("en;q=0, de;q=x", "Запись на приём"),
        ("", "Запись на приём"),
    ],
)
def test_the_browser_says_which_language(db_of_portal, accepted, heading):
    assert Browser(accepted).get("/").all("h1") == [heading]


def test_the_language_can_be_switched_and_stays(browser, practice, doctor):
    page = browser.get(clinic_page(practice, "?q=пихтова")).link("English")

    assert "free today, 11:00" in page.main
    assert page.all("who") == ["Пихтова А. С."]  # the search stays
    assert browser.get("/").all("h1") == ["Make an appointment"]
    assert page.tree.get("lang") == "en"


def test_pages_are_fenced(browser, practice):
    headers = browser.get("/").response.headers

    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "<script" not in browser.get("/").text
    assert browser.http.get("/", headers={"Host": "evil.example"}).status_code == 400
    assert "Такой страницы нет" in browser.get("/nowhere", status=404).main


def test_the_style_sheet_is_kept_by_its_digest(browser, practice):
    linked = browser.get("/").tree.xpath("//link[@rel='stylesheet']")[0].get("href")

    assert "immutable" in browser.http.get(linked).headers["cache-control"]
    assert browser.http.get("/style.css").headers["cache-control"] == "public, max-age=300"
    assert "url(http" not in base.STYLE


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_clinics_takes_two_queries(
    client, db_of_portal, django_assert_num_queries, count
):
    for number in range(count):
        Clinic.objects.create(name=f"Клиника {number}", created_at=clock.now())

    with django_assert_num_queries(2, using="portal"):
        client.get("/")


@pytest.mark.parametrize("count", [1, 3])
def test_a_clinic_takes_as_many_queries_however_many_work_there(
    client, practice, django_assert_num_queries, count
):
    for number in range(count):
        ResourceGroup.objects.create(clinic=practice, mis_id=number, name=f"Группа {number}")
        work(make_resource(practice, number, group_mis_id=number), TODAY, "9:00-18:00")

    with django_assert_num_queries(9, using="portal"):
        client.get(clinic_page(practice))


@pytest.mark.parametrize("days", [1, 3])
def test_a_week_takes_as_many_queries_however_much_is_free(
    client, practice, django_assert_num_queries, days
):
    doctor = make_resource(practice)
    for number in range(days):
        work(doctor, TODAY + timedelta(days=number), "9:00-18:00")

    with django_assert_num_queries(7, using="portal"):
        client.get(f"/resources/{doctor.public_id}/")


def test_of_many_clinics_the_first_hundred_are_shown_and_counted(browser, db_of_portal, frozen):
    Clinic.objects.bulk_create(
        Clinic(name=f"Клиника {n:03}", created_at=clock.now()) for n in reversed(range(101))
    )

    page = browser.get("/")

    assert page.all("h3") == [f"Клиника {n:03}" for n in range(100)]
    assert "Показаны первые 100 из 101 клиник" in page.main


def test_pages_can_be_read_aloud(browser, practice, doctor):
    """One heading of the first level, every field named, no id twice, a language, a title."""
    start = browser.get("/")
    people = start.link("Берёза")
    week = people.link("Пихтова")
    form = week.press("15:00")
    for page in (start, people, week, form, form.press("Отправить")):
        tree = page.tree
        assert len(tree.xpath("//h1")) == 1
        assert tree.get("lang") == "ru"
        assert page.title.endswith("· Medihost")
        ids = tree.xpath("//@id")
        assert len(ids) == len(set(ids))
        named = set(tree.xpath("//label/@for"))
        fields = tree.xpath("//main//input[not(@type='hidden')] | //main//textarea")
        assert {each.get("id") for each in fields} <= named
        described = {
            each
            for names in tree.xpath("//@aria-describedby | //@aria-labelledby")
            for each in names.split()
        }
        assert described <= set(ids)
        assert all("".join(each.itertext()).strip() for each in tree.xpath("//a | //button"))


def test_a_defect_of_ours_is_told_in_words(rf):
    response = base.broken(rf.get("/", headers={"Accept-Language": "ru"}))

    assert response.status_code == 500
    assert "У нас произошла ошибка" in response.content.decode()


def test_the_portals_errors_are_its_own_pages():
    import slotbridge.portal.urls

    assert slotbridge.portal.urls.handler500 == "slotbridge.portal.pages.base.broken"


def test_a_form_that_is_too_large_is_refused_in_words(browser, practice, doctor):
    form = browser.get(f"/resources/{doctor.public_id}/").press("15:00")

    told = form.press("Отправить", aim="ж" * 600_000)

    assert (told.status, "Отправлено слишком много" in told.main) == (413, True)
