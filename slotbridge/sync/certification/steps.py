"""What a flow is made of: steps, each with an outcome and the evidence for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slotbridge.sync.certification.bench import Bench


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Ending(IntEnum):
    """What a script does next: send the report; mend what failed; do what the command says."""

    PASSED = 0
    FAILED = 1
    COULD_NOT_RUN = 2


class Failed(Exception):
    """Something is not as the flow demands; the text says what, without a person's data."""


class Skipped(Exception):
    """It cannot be shown here, and need not be: the text says why."""


class CannotRun(Exception):
    """The flow cannot be run as things stand: the text says what to do first."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked at. `took`: seconds. `reason`: why it failed or was skipped."""

    flow: str
    name: str
    outcome: Outcome
    evidence: tuple[str, ...]
    begun: datetime
    took: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """A step before it is done. `do` notes its evidence on the bench; raises Failed, Skipped or
    CannotRun, or lets a PortalError through.
    """

    name: str
    do: Callable[[Bench], None]


@dataclass(frozen=True, slots=True)
class Flow:
    """Tasks that build on each other: after one that failed the rest is not tried."""

    name: str
    tasks: Sequence[Task]
    is_required: bool = False  # by the portal, for production credentials
    goes_on: bool = False  # after a task that failed, the rest is tried all the same


@dataclass(slots=True)
class Result:
    """Of a whole run. `obstacles` say what kept flows from being run, and what to do."""

    steps: list[Step] = field(default_factory=list)
    obstacles: list[str] = field(default_factory=list)
    is_interrupted: bool = False

    @property
    def ending(self) -> Ending:
        if any(step.outcome is Outcome.FAILED for step in self.steps):
            return Ending.FAILED
        if self.obstacles or self.is_interrupted:
            return Ending.COULD_NOT_RUN
        return Ending.PASSED

    def of(self, flow: str) -> list[Step]:
        return [step for step in self.steps if step.flow == flow]

    def outcome_of(self, flow: str) -> Outcome:
        """Of its steps together; skipped if nothing of it was shown."""
        outcomes = {step.outcome for step in self.of(flow)}
        for outcome in (Outcome.FAILED, Outcome.PASSED):
            if outcome in outcomes:
                return outcome
        return Outcome.SKIPPED
