"""How much each benchmark does: in full, quickly, or just enough to prove that it still runs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    weeks: int  # of slots, from tomorrow
    a_day: int  # slots a practitioner a day
    accounts: int  # organisations with an account each: one of them speaks with one voice
    loaded: int  # practitioners an account, of the first load
    changed: int  # practitioners an account, each with one changed day
    samples: int  # slots saved and waited for
    practitioners: int  # of the clinic in the other benchmarks
    many_practitioners: int  # of the large one, for memory
    large_house: int  # practitioners of the first load and of patrol
    changes: int  # of a replayed day, made here
    portal_bookings: int  # of that day, made there
    scattered: int  # changes inside one gathering window
    visits: int  # of each kind in the day that is counted
    bookings: int  # a process
    names: int  # in the outbox
    repeats: int  # of what is quick; the median counts
    orders: tuple[int, ...]  # on the portal, one after the other
    clinics: tuple[int, ...]  # on the portal, one after the other
    appointments: int  # in one document


SIZES = {
    "full": Size(
        weeks=12, a_day=20, accounts=4, loaded=6, changed=60, samples=100, practitioners=12,
        many_practitioners=200, large_house=200, changes=5_000, portal_bookings=1_500,
        scattered=50, visits=5, bookings=600, names=10_000, repeats=7,
        orders=(1_000, 100_000, 2_000_000), clinics=(10, 1_000, 5_000), appointments=300_000,
    ),
    "quick": Size(
        weeks=4, a_day=20, accounts=2, loaded=4, changed=30, samples=20, practitioners=12,
        many_practitioners=24, large_house=60, changes=500, portal_bookings=150,
        scattered=50, visits=2, bookings=150, names=2_000, repeats=3,
        orders=(1_000, 10_000, 100_000), clinics=(10, 100, 500), appointments=30_000,
    ),
    "tiny": Size(
        weeks=1, a_day=4, accounts=2, loaded=1, changed=2, samples=2, practitioners=2,
        many_practitioners=3, large_house=3, changes=20, portal_bookings=6,
        scattered=5, visits=1, bookings=4, names=50, repeats=1,
        orders=(200, 400), clinics=(2, 4), appointments=300,
    ),
}  # fmt: skip
