"""The invented clinic: two units, four clinics, twelve practitioners. Nobody here exists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time

CHANNEL = "znanylekarz"
# Where all slots of the clinic may be offered: code and name.
CHANNELS = ((CHANNEL, "ZnanyLekarz"), ("medihost", "Medihost"))
ORGANISATION = "Lecznica Przykładowa"
WEEKS = 6


@dataclass(frozen=True)
class Offered:
    """A service with its price in grosze."""

    name: str
    minutes: int
    price: int


@dataclass(frozen=True)
class Section:
    """A clinic (poradnia) of a unit: how long its slots are, and what it offers."""

    name: str
    specialty: str
    slot_minutes: int
    services: Sequence[Offered]


@dataclass(frozen=True)
class Site:
    """A unit (przychodnia) and its address."""

    name: str
    street: str
    post_code: str
    city: str
    phone: str
    sections: Sequence[Section]


@dataclass(frozen=True)
class Hours:
    """When somebody works in a clinic: days (0 is Monday), from, to."""

    section: str
    days: Sequence[int]
    start: time
    end: time


@dataclass(frozen=True)
class Person:
    title: str
    given: str
    family: str
    licence: str
    hours: Sequence[Hours]

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}"


@dataclass(frozen=True)
class Known:
    """A patient of the clinic."""

    given: str
    family: str
    email: str
    phone: str
    born: date
    sex: str


_RECEIPT = Offered("Wizyta receptowa", 20, 8000)
HEART = Section(
    "Poradnia kardiologiczna",
    "kardiologia",
    30,
    (Offered("Konsultacja kardiologiczna", 30, 22000), Offered("EKG spoczynkowe", 15, 7000)),
)
INTERNAL = Section(
    "Poradnia internistyczna",
    "choroby wewnętrzne",
    20,
    (Offered("Konsultacja internistyczna", 20, 16000), _RECEIPT),
)
SKIN = Section(
    "Poradnia dermatologiczna",
    "dermatologia",
    20,
    (Offered("Konsultacja dermatologiczna", 20, 20000), Offered("Dermatoskopia", 20, 18000)),
)
CHILDREN = Section(
    "Poradnia dziecięca",
    "pediatria",
    20,
    (
        Offered("Konsultacja pediatryczna", 20, 18000),
        Offered("Bilans zdrowia dziecka", 20, 15000),
        _RECEIPT,  # the same price as in the other clinic: R16b
    ),
)
SITES = (
    Site(
        "Przychodnia Pod Lipą",
        "ul. Wymyślona 7",
        "00-001",
        "Lipowo",
        "+48225550101",
        (HEART, INTERNAL),
    ),
    Site(
        "Przychodnia Nad Stawem",
        "ul. Zmyślona 3",
        "00-002",
        "Stawowo",
        "+48225550102",
        (SKIN, CHILDREN),
    ),
)

_DAILY = (0, 1, 2, 3, 4)
_ODD = (0, 2, 4)
_EVEN = (1, 3)


def _morning(section: Section, days: Sequence[int] = _DAILY) -> Hours:
    return Hours(section.name, days, time(8), time(12))


def _afternoon(section: Section, days: Sequence[int] = _DAILY) -> Hours:
    return Hours(section.name, days, time(13), time(17))


PEOPLE = (
    Person("lek.", "Gniewko", "Zmyślony", "9000001", (_morning(HEART),)),
    Person(  # two clinics in one house: one address, one calendar at the portal
        "dr n. med.", "Żaneta", "Niebywała", "9000002",
        (_morning(HEART, _ODD), _afternoon(INTERNAL, _EVEN)),
    ),
    Person("lek.", "Bożydar", "Pozorny", "9000003", (_afternoon(HEART),)),
    Person("lek.", "Świętosława", "Fikcyjna", "9000004", (_morning(INTERNAL),)),
    Person(  # as Żaneta Niebywała, both on one day
        "lek.", "Łucjan", "Bajkowy", "9000005", (_morning(INTERNAL), _afternoon(HEART, _ODD)),
    ),
    Person(  # two clinics in two houses: two calendars at the portal
        "lek.", "Dobrochna", "Umowna", "9000006",
        (_morning(INTERNAL, _ODD), _morning(SKIN, _EVEN)),
    ),
    Person("lek.", "Miłosz", "Przykładny", "9000007", (_morning(SKIN),)),
    Person("lek.", "Kalina", "Próbna", "9000008", (_afternoon(SKIN),)),
    Person("dr n. med.", "Jarogniew", "Urojony", "9000009", (_afternoon(SKIN, _ODD),)),
    Person(
        "lek.", "Ścibor", "Wymyślny", "9000010",
        (_afternoon(INTERNAL, _ODD), _afternoon(CHILDREN, _EVEN)),
    ),
    Person("lek.", "Jaśmina", "Nierealna", "9000011", (_morning(CHILDREN),)),
    Person("lek.", "Wiesława", "Ćwiczebna-Mroźna", "9000012", (_afternoon(CHILDREN),)),
)  # fmt: skip

PATIENTS = (
    Known(
        "Łucja", "Pomyślana", "lucja.pomyslana@example.org", "+48600100101",
        date(1984, 5, 17), "female",
    ),
    Known("Zbysław", "Dowolny", "zbyslaw@example.org", "+48600100102", date(1951, 1, 3), "male"),
    Known("Hanna", "Założona", "rodzina@example.org", "+48600100103", date(1990, 9, 30), "female"),
    Known("Staś", "Założony", "rodzina@example.org", "+48600100103", date(2019, 2, 11), "male"),
    Known("Ździsława", "Teoretyczna", "", "+48600100104", date(1938, 12, 24), "female"),
    Known("Hazel", "O’Brackett", "hazel@example.org", "+48600100105", date(1977, 7, 7), "female"),
    Known("Mściwój", "Hipoteza", "msciwoj@example.org", "", date(2001, 3, 1), "male"),
    Known("Żywia", "Domniemana", "zywia@example.org", "+48600100106", date(1966, 6, 6), "female"),
)  # fmt: skip


def site_of(section: str) -> Site:
    """The unit that the clinic of this name belongs to."""
    return next(site for site in SITES if section in {each.name for each in site.sections})


def section_named(name: str) -> Section:
    return next(each for each in site_of(name).sections if each.name == name)


def services() -> list[Offered]:
    """Each once, in order."""
    offered = (each for site in SITES for section in site.sections for each in section.services)
    return list(dict.fromkeys(offered))
