"""Days, times, places and sections in words, in the language of the page."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import dateformat
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from slotbridge.kit import clock
from slotbridge.wire.medihost.model import Section

# Our catalogue's words go before Django's own, which writes "Чтв" and "Четверг" in a sentence.
WEEKDAYS = (
    gettext_noop("Monday"),
    gettext_noop("Tuesday"),
    gettext_noop("Wednesday"),
    gettext_noop("Thursday"),
    gettext_noop("Friday"),
    gettext_noop("Saturday"),
    gettext_noop("Sunday"),
    gettext_noop("Mon"),
    gettext_noop("Tue"),
    gettext_noop("Wed"),
    gettext_noop("Thu"),
    gettext_noop("Fri"),
    gettext_noop("Sat"),
    gettext_noop("Sun"),
)
SECTIONS: dict[Section, Promise] = {
    Section.GROUPS: _("Groups"),
    Section.RESOURCES: _("Resources"),
    Section.SCHEDULES: _("Schedules"),
    Section.APPOINTMENTS: _("Occupancy"),
    Section.ORDERS: _("Changes to orders"),
}
# Towns that zones of Russia and of its neighbours are named for; elsewhere the name of the zone
# serves.
TOWNS = {
    "Europe/Kaliningrad": gettext_noop("Kaliningrad"),
    "Europe/Moscow": gettext_noop("Moscow"),
    "Europe/Simferopol": gettext_noop("Simferopol"),
    "Europe/Kirov": gettext_noop("Kirov"),
    "Europe/Volgograd": gettext_noop("Volgograd"),
    "Europe/Astrakhan": gettext_noop("Astrakhan"),
    "Europe/Saratov": gettext_noop("Saratov"),
    "Europe/Ulyanovsk": gettext_noop("Ulyanovsk"),
    "Europe/Samara": gettext_noop("Samara"),
    "Asia/Yekaterinburg": gettext_noop("Yekaterinburg"),
    "Asia/Omsk": gettext_noop("Omsk"),
    "Asia/Novosibirsk": gettext_noop("Novosibirsk"),
    "Asia/Barnaul": gettext_noop("Barnaul"),
    "Asia/Tomsk": gettext_noop("Tomsk"),
    "Asia/Novokuznetsk": gettext_noop("Novokuznetsk"),
    "Asia/Krasnoyarsk": gettext_noop("Krasnoyarsk"),
    "Asia/Irkutsk": gettext_noop("Irkutsk"),
    "Asia/Chita": gettext_noop("Chita"),
    "Asia/Yakutsk": gettext_noop("Yakutsk"),
    "Asia/Khandyga": gettext_noop("Khandyga"),
    "Asia/Vladivostok": gettext_noop("Vladivostok"),
    "Asia/Ust-Nera": gettext_noop("Ust-Nera"),
    "Asia/Magadan": gettext_noop("Magadan"),
    "Asia/Sakhalin": gettext_noop("Sakhalin"),
    "Asia/Srednekolymsk": gettext_noop("Srednekolymsk"),
    "Asia/Kamchatka": gettext_noop("Kamchatka"),
    "Asia/Anadyr": gettext_noop("Anadyr"),
    "Europe/Minsk": gettext_noop("Minsk"),
    "Europe/Kyiv": gettext_noop("Kyiv"),
    "Europe/Chisinau": gettext_noop("Chisinau"),
    "Europe/Riga": gettext_noop("Riga"),
    "Europe/Tallinn": gettext_noop("Tallinn"),
    "Europe/Vilnius": gettext_noop("Vilnius"),
    "Europe/Warsaw": gettext_noop("Warsaw"),
    "Asia/Tbilisi": gettext_noop("Tbilisi"),
    "Asia/Yerevan": gettext_noop("Yerevan"),
    "Asia/Baku": gettext_noop("Baku"),
    "Asia/Almaty": gettext_noop("Almaty"),
    "Asia/Qyzylorda": gettext_noop("Qyzylorda"),
    "Asia/Qostanay": gettext_noop("Qostanay"),
    "Asia/Aqtobe": gettext_noop("Aqtobe"),
    "Asia/Aqtau": gettext_noop("Aqtau"),
    "Asia/Atyrau": gettext_noop("Atyrau"),
    "Asia/Oral": gettext_noop("Oral"),
    "Asia/Bishkek": gettext_noop("Bishkek"),
    "Asia/Tashkent": gettext_noop("Tashkent"),
    "Asia/Samarkand": gettext_noop("Samarkand"),
    "Asia/Dushanbe": gettext_noop("Dushanbe"),
    "Asia/Ashgabat": gettext_noop("Ashgabat"),
}


def zone(tz: ZoneInfo, at: datetime | None = None) -> str:
    """The zone's town and its offset at that instant, now by default: Moscow, UTC+3."""
    return ", ".join((*_places(tz.key), offset(tz, at)))


def offset(tz: ZoneInfo, at: datetime | None = None) -> str:
    """Of the zone at that instant, now by default: UTC+3, UTC-3:30."""
    text = (at or clock.now()).astimezone(tz).strftime("%z")
    sign, hours, minutes = text[0], int(text[1:3]), text[3:5]
    return f"UTC{sign}{hours}" + (f":{minutes}" if minutes != "00" else "")


def day(each: date, today: date) -> str:
    """As said on `today`: today, tomorrow, Thu, 26 November."""
    if each == today:
        return gettext("today")
    if each == today + timedelta(days=1):
        return gettext("tomorrow")
    return dateformat.format(each, "D, j E")


def when(each: date, wall: time, today: date) -> str:
    """With the clock's time: tomorrow, 09:30."""
    return f"{day(each, today)}, {wall:%H:%M}"


def _places(key: str) -> list[str]:
    """The town that a zone is named for, with its region where the name has one: Knox, Indiana."""
    if key in TOWNS:
        return [gettext(TOWNS[key])]
    area, *names = key.split("/")
    if area == "Etc":  # Etc/GMT-3 is UTC+3: no name for people
        return []
    return [name.replace("_", " ") for name in reversed(names)]
