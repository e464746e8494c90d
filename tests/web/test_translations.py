"""The hub counts and writes as its languages do; tests/test_translations.py asks whether all is
translated.
"""

import pytest
from django.urls import reverse
from django.utils import translation

from slotbridge.web.forms.base import MoneyField
from slotbridge.web.templatetags.house import money
from tests.web.reading import content, read


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (1, "Dodano 1 termin."),
        (2, "Dodano 2 terminy."),
        (5, "Dodano 5 terminów."),
        (12, "Dodano 12 terminów."),
        (22, "Dodano 22 terminy."),
    ],
)
def test_polish_counts_in_three_forms(count, sentence):
    with translation.override("pl"):
        text = translation.ngettext("%(n)s slot added.", "%(n)s slots added.", count)

    assert text % {"n": count} == sentence


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (1, "Добавлен 1 слот."),
        (3, "Добавлено 3 слота."),
        (5, "Добавлено 5 слотов."),
        (11, "Добавлено 11 слотов."),
        (21, "Добавлен 21 слот."),
        (112, "Добавлено 112 слотов."),
    ],
)
def test_russian_counts_in_three_forms(count, sentence):
    with translation.override("ru"):
        text = translation.ngettext("%(n)s slot added.", "%(n)s slots added.", count)

    assert text % {"n": count} == sentence


def test_the_pages_speak_russian_when_asked_to(house, desk):
    desk.post(reverse("language"), {"language": "ru", "next": reverse("home")})
    house.book(house.open()[0])

    page = desk.get(reverse("home"))

    assert page.headers["Content-Language"] == "ru"
    text = content(page)
    assert "Сегодня Понедельник, 2 марта 2026" in text
    assert "запланирован" in text
    assert [one.text for one in read(page).find("button", name="language", value="ru")] == [
        "русский"
    ]


@pytest.mark.parametrize(
    ("language", "amount"),
    [("pl", "1\xa0250,50 zł"), ("ru", "1\xa0250,50 zł"), ("en", "1,250.50 zł")],
)
def test_amounts_are_written_as_the_language_does(language, amount):
    with translation.override(language):
        assert money(125050, "PLN") == amount


@pytest.mark.parametrize("typed", ["1 250,50", "1250.50", "1\xa0250,50"])
def test_an_amount_typed_as_a_russian_does_is_understood(typed):
    with translation.override("ru"):
        assert MoneyField().clean(typed) == 125050
