"""What is due for an account whose portal takes documents: the most urgent thing first."""

from __future__ import annotations

from slotbridge.sync.exchange.contract import ExchangeConnector
from slotbridge.sync.models import Account
from slotbridge.sync.queue import Lease


def step(lease: Lease, account: Account, connector: ExchangeConnector) -> bool:
    raise NotImplementedError
