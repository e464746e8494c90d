"""Runs the flows one after the other, and cleans up whatever happens."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

import psycopg
import structlog
from django.db import OperationalError
from django.utils import translation

from slotbridge.kit import clock
from slotbridge.sync.certification import (
    access,
    cleanup,
    mapping,
    notifications,
    schedule,
    visits_in,
    visits_out,
)
from slotbridge.sync.certification.bench import Bench
from slotbridge.sync.certification.steps import (
    CannotRun,
    Failed,
    Flow,
    Outcome,
    Result,
    Skipped,
    Step,
    Task,
)
from slotbridge.sync.contract import PortalError

log = structlog.stdlib.get_logger(__name__)

FLOWS = (
    access.FLOW, mapping.FLOW, schedule.FLOW, visits_out.FLOW, visits_in.FLOW, notifications.FLOW,
)  # fmt: skip
EVERY_FLOW = (*FLOWS, cleanup.FLOW)

_BEFORE = "A step before it failed."
_OURS = "An error of Slotbridge itself: its log says more."


class Listener(Protocol):
    """Who is told how it goes."""

    def flow_begins(self, flow: Flow) -> None: ...

    def step_begins(self, name: str) -> None: ...

    def step_ended(self, step: Step) -> None: ...


def run(bench: Bench, listener: Listener, flows: Sequence[Flow] = FLOWS) -> Result:
    """These flows; one that fails does not keep the next from its turn. Ctrl-C (the bench's pause
    raises KeyboardInterrupt) ends them, and leads to the clean-up like everything else.
    """
    # Whatever is said here is evidence, for testers who read English.
    with translation.override("en"):
        return _Run(bench, listener).all(flows)


class _Run:
    def __init__(self, bench: Bench, listener: Listener) -> None:
        self._bench, self._listener = bench, listener
        self._result = Result()

    def all(self, flows: Sequence[Flow]) -> Result:
        try:
            for flow in flows:
                self._play(flow)
                if self._result.outcome_of(flow.name) is Outcome.FAILED:
                    # The next finds the place as it needs it; the clean-up says what could not be.
                    with suppress(Failed, PortalError):
                        cleanup.clear(self._bench)
        except KeyboardInterrupt:
            self._result.is_interrupted = True
        finally:
            self._bench.is_ending = True
            self._play(cleanup.FLOW)
        return self._result

    def _play(self, flow: Flow) -> None:
        self._listener.flow_begins(flow)
        hindered = ""
        for task in flow.tasks:
            step = self._skipped(flow, task, hindered) if hindered else self._done(flow, task)
            self._result.steps.append(step)
            self._listener.step_ended(step)
            if self._result.is_interrupted and not self._bench.is_ending:
                raise KeyboardInterrupt
            if step.outcome is Outcome.FAILED and not flow.goes_on:
                hindered = _BEFORE
            elif step.reason in self._result.obstacles:
                hindered = step.reason

    def _done(self, flow: Flow, task: Task) -> Step:
        begun, started = clock.now(), time.monotonic()
        self._listener.step_begins(task.name)
        outcome, reason = self._attempt(task)
        evidence = tuple(self._bench.took())
        took = time.monotonic() - started
        return Step(flow.name, task.name, outcome, evidence, begun, took, reason)

    def _skipped(self, flow: Flow, task: Task, reason: str) -> Step:
        return Step(flow.name, task.name, Outcome.SKIPPED, (), clock.now(), 0.0, reason)

    def _attempt(self, task: Task) -> tuple[Outcome, str]:
        try:
            task.do(self._bench)
        except Skipped as why:
            return Outcome.SKIPPED, str(why)
        except CannotRun as why:
            if str(why) not in self._result.obstacles:
                self._result.obstacles.append(str(why))
            return Outcome.SKIPPED, str(why)
        except (Failed, PortalError) as why:
            return Outcome.FAILED, str(why) or type(why).__name__
        except KeyboardInterrupt:
            self._result.is_interrupted = True
            return Outcome.SKIPPED, "Interrupted."
        except (OperationalError, psycopg.OperationalError):
            raise  # the database is away, and with it all that could be cleaned up
        except Exception:
            log.exception("certification step failed", account=self._bench.account.pk)
            return Outcome.FAILED, _OURS
        return Outcome.PASSED, ""
