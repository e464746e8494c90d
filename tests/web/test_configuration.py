"""„Konfiguracja”: R7-R14, A1-A9, A23."""

from datetime import timedelta

import pytest
from django.urls import reverse

from slotbridge.kit import clock
from slotbridge.sync import accounts
from slotbridge.sync.models import Account
from tests.web.house import CHANNEL, RECORDS
from tests.web.reading import content, errors, labels, read

PAGE = reverse("configuration")
LOGIN = "Login dla mechanizmów integracyjnych do autoryzacji w serwisie ZnanyLekarz"
PASSWORD = "Hasło dla mechanizmów integracyjnych do autoryzacji w serwisie ZnanyLekarz"
ADDRESS = "Adres na jaki serwis ZnanyLekarz ma wysyłać powiadomienia"


def act(action):
    return reverse("configuration-act", args=[CHANNEL, action])


def save(client, **fields):
    return client.post(PAGE, {"login": "", "password": "", **fields})


def test_the_notification_address_is_there_before_any_credentials(house, admin):
    """R7, R8, A7."""
    page = admin.get(PAGE)
    field = labels(page)[ADDRESS]

    assert field.attributes["value"] == accounts.notification_address(house.account)
    assert "readonly" in field.attributes
    assert admin.get(PAGE).content.count(field.attributes["value"].encode()) == 1


def test_saving_login_and_password_starts_the_synchronisation_by_itself(house, admin):
    """R11, R12, A1."""
    answer = save(admin, login="lecznica", password="tajne-haslo")

    assert answer.status_code == 302
    assert house.account.state == Account.State.SYNCHRONISING
    page = admin.get(PAGE)
    assert "Synchronizacja trwa od 2 marca 2026, 08:00" in content(page)
    assert [
        meta.attributes["content"] for meta in read(page).find("meta", **{"http-equiv": "refresh"})
    ]


def test_the_page_says_that_synchronisation_is_done_and_with_what(house, admin):
    """R13, A3."""
    house.synchronise()

    page = admin.get(PAGE)

    assert "2 placówki, 2 osoby, 2 adresy, 2 usługi" in content(page)
    assert read(page).find("meta", **{"http-equiv": "refresh"}) == []


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"login": "lecznica"}, "Brakuje hasła."),
        ({"password": "tajne-haslo"}, "Brakuje loginu."),
    ],
)
def test_half_a_set_up_is_saved_and_the_page_says_what_is_missing(house, admin, fields, sentence):
    """A5."""
    save(admin, **fields)

    assert sentence in content(admin.get(PAGE))
    assert house.account.state == Account.State.UNCONFIGURED
    assert (house.account.login, bool(house.account.sealed_password)) == (
        fields.get("login", ""),
        "password" in fields,
    )


def test_the_saved_password_is_never_in_the_page(house, admin):
    """R10, A6."""
    save(admin, login="lecznica", password="tajne-haslo")

    page = admin.get(PAGE)

    assert b"tajne-haslo" not in page.content
    assert labels(page)[PASSWORD].attributes.get("value", "") == ""
    assert "Ustawione 2 marca 2026, 08:00" in content(page)


def test_an_empty_password_field_leaves_the_saved_one(house, admin):
    """A6."""
    save(admin, login="lecznica", password="tajne-haslo")
    before = bytes(house.account.sealed_password)

    save(admin, login="lecznica-nowa")

    assert house.account.login == "lecznica-nowa"
    assert bytes(house.account.sealed_password) == before


def test_the_password_is_removed_by_a_box_of_its_own(house, admin):
    """A6."""
    save(admin, login="lecznica", password="tajne-haslo")

    save(admin, login="lecznica", remove_password="on")

    assert house.account.sealed_password is None


def test_a_new_password_and_removing_the_old_one_contradict_each_other(house, admin):
    save(admin, login="lecznica", password="tajne-haslo")
    before = bytes(house.account.sealed_password)

    page = save(admin, login="lecznica", password="inne", remove_password="on")

    assert "id_remove_password_error" in errors(page)
    assert bytes(house.account.sealed_password) == before


def test_refused_credentials_are_said_and_can_be_tried_again(house, admin):
    """A4."""
    house.configure()
    accounts.enter(house.account, Account.State.REJECTED, "The portal refused login or password.")

    page = admin.get(PAGE)
    assert "Serwis odrzucił login lub hasło" in content(page)

    admin.post(act("try-again"))
    assert house.account.state == Account.State.SYNCHRONISING


def test_a_failure_gives_its_reason_in_the_language_of_the_page(house, admin):
    house.configure()
    accounts.enter(house.account, Account.State.FAILED, "The portal did not answer for 30 minutes.")

    assert "Serwis nie odpowiadał przez 30 minut." in content(admin.get(PAGE))
    english = admin.get(PAGE, headers={"accept-language": "en"})
    assert "The portal did not answer for 30 minutes." in content(english)


def test_a_synchronisation_that_nobody_works_on_is_noticed(house, admin, frozen):
    """A3."""
    house.configure()
    frozen.shift(timedelta(minutes=31))

    assert "Prawdopodobnie nie działa proces w tle" in content(admin.get(PAGE))


def test_a_new_address_is_made_only_by_its_button_and_the_portal_must_be_told(house, admin):
    """A7."""
    before = accounts.notification_address(house.account)

    admin.get(act("new-address"))
    assert accounts.notification_address(house.account) == before

    page = admin.post(act("new-address"), follow=True)
    assert accounts.notification_address(house.account) != before
    assert "Przekaż go serwisowi ZnanyLekarz" in content(page)


def test_emptying_both_fields_asks_before_it_switches_off(house, admin):
    """A9."""
    house.synchronise()

    page = save(admin, remove_password="on")

    assert "Wyłączyć integrację z serwisem ZnanyLekarz?" in content(page)
    assert house.account.state == Account.State.READY
    assert house.account.login == "lecznica"

    admin.post(act("switch-off-and-forget"))
    assert house.account.state == Account.State.OFF, "nothing had been told yet"
    assert (house.account.login, house.account.sealed_password) == ("", None)


def test_the_integration_can_be_paused_and_resumed(house, admin):
    house.synchronise()

    admin.post(act("pause"))
    assert house.account.state == Account.State.PAUSED
    assert "Wstrzymane od" in content(admin.get(PAGE))

    admin.post(act("resume"))
    assert house.account.state == Account.State.READY


def test_lists_can_be_refreshed_by_hand(house, admin, frozen):
    """A10."""
    house.synchronise(RECORDS)
    frozen.shift(timedelta(hours=1))

    admin.post(act("refresh-lists"))

    assert house.account.catalogue_due_at == clock.now()


def test_an_unknown_button_is_no_page(house, admin):
    assert admin.post(act("destroy")).status_code == 404


def test_the_first_page_tells_the_administrator_how_far_it_is(house, admin, desk):
    """R12, R13, A3."""
    home = reverse("home")
    assert "Brak konfiguracji" in content(admin.get(home))

    house.configure()
    page = admin.get(home)
    assert "Synchronizacja trwa od" in content(page)
    assert read(page).find("meta", **{"http-equiv": "refresh"})

    house.synchronise()
    assert "Zsynchronizowano, ostatnio" in content(admin.get(home))
    assert "Zsynchronizowano" not in content(desk.get(home))


def test_a_portal_inside_our_own_network_is_refused(house, admin, settings):
    settings.PRIVATE_PORTALS = False

    page = save(
        admin, login="lecznica", password="tajne-haslo", setting_base_url="http://127.0.0.1:8100"
    )

    assert "id_setting_base_url_error" in errors(page)
    assert house.account.login == ""
