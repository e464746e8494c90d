"""Flow 1: the account can be used, notifications find us, and what is written is live."""

from __future__ import annotations

from datetime import timedelta

from slotbridge.kit import clock
from slotbridge.sync import accounts, lights
from slotbridge.sync.certification.bench import BY, Bench, seconds
from slotbridge.sync.certification.steps import Failed, Flow, Skipped, Task
from slotbridge.sync.contract import ItemKind
from slotbridge.sync.models import Account, CatalogueItem, InboxMessage

# A large clinic's lists take some hundred reads.
LISTS_WITHIN = timedelta(minutes=10)
PULLED_WITHIN = timedelta(seconds=30)


def credentials_are_accepted(bench: Bench) -> None:
    bench.connector.check()
    bench.note("A token was issued, and an authorised read was answered.")


def writing_is_live(bench: Bench) -> None:
    account = _fresh(bench)
    if account.state != Account.State.READY:
        raise Failed(f"The account is “{account.state}”: {lights.light_of(account).sentence}")
    if account.writing != Account.Writing.LIVE:
        raise Failed(f"It writes nothing at the portal ({account.writing}): let it go live first.")
    bench.note("The account is running, and writes at the portal.")


def lists_are_read(bench: Bench) -> None:
    before = clock.now()
    accounts.refresh_catalogue(account=bench.account, by=BY)

    def is_read() -> bool:
        read_at = _fresh(bench).catalogue_read_at
        return read_at is not None and read_at >= before

    _, taken = bench.until(is_read, "The portal's lists were not read.", within=LISTS_WITHIN)
    counts = CatalogueItem.objects.filter(account=bench.account, gone_at__isnull=True)
    for kind in ItemKind:
        bench.note(f"{kind.value.replace('_', ' ')}: {counts.filter(kind=kind).count()}")
    bench.note(f"Read in {seconds(taken)}.")
    facilities = counts.filter(kind=ItemKind.FACILITY).values_list("external_id", flat=True)
    if not facilities:
        raise Failed("The account sees no facility: the portal has to assign one to it.")
    bench.note(f"Facilities: {', '.join(sorted(facilities))}.")


def notifications_find_us(bench: Bench) -> None:
    pushed = InboxMessage.objects.filter(account=bench.account, way="push")
    newest = pushed.order_by("-received_at").first()
    if newest is not None:
        bench.note(f"By push: the last one arrived at {newest.received_at:%Y-%m-%dT%H:%M:%SZ}.")
    if bench.connector.is_pulled:
        _, taken = bench.until(
            lambda: _is_pulled(bench), "The queue was not pulled.", within=PULLED_WITHIN
        )
        bench.note(f"By pull: the queue was read, within {seconds(taken)}.")
    elif newest is None:
        raise Skipped(
            "None has come by push yet: the flow from the portal to the clinic shows whether one"
            " does."
        )


def _is_pulled(bench: Bench) -> bool:
    account = _fresh(bench)
    read_at = account.last_read_at
    return account.pull_due_at is not None and read_at is not None and read_at >= bench.begun


def _fresh(bench: Bench) -> Account:
    return Account.objects.get(pk=bench.account.pk)


FLOW = Flow(
    "Access",
    (
        Task("Credentials are accepted", credentials_are_accepted),
        Task("Writing is live", writing_is_live),
        Task("Facilities and their resources are seen", lists_are_read),
        Task("Notifications find us", notifications_find_us),
    ),
)
