# `make` alone lists the targets. Each makes the virtual environment it needs.
.DEFAULT_GOAL := help
PYTHON ?= python3
PY := .venv/bin/python
export PYTHON

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: ## make the virtual environment
	@scripts/setup run

setup-dev:
	@scripts/setup dev

demo: setup ## a whole clinic and a portal on this machine, and a story told between them
	@$(PY) -m slotbridge demo

test: setup-dev ## the checks and the whole suite (under 10 minutes)
	@$(MAKE) --no-print-directory check
	@$(PY) -m pytest

check: setup-dev fmt-check lint types imports ## everything that needs no database

fmt: setup-dev ## format the code
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix-only --quiet .

fmt-check: setup-dev
	@$(PY) -m ruff format --check .

lint: setup-dev ## ruff
	@$(PY) -m ruff check .

types: setup-dev ## mypy, strict
	@$(PY) -m mypy

imports: setup-dev ## who may import whom
	@.venv/bin/lint-imports

bench: setup-dev ## measure, as ratios against a floor of the same run
	@$(PY) -m benchmarks

chaos: setup-dev ## both sides do anything in any order, for half an hour
	@SLOTBRIDGE_CHAOS_EXAMPLES=300 SLOTBRIDGE_CHAOS_STEPS=40 $(PY) -m pytest -n 0 tests/sync/test_machine.py tests/sync/exchange/test_machine.py

fuzz: setup-dev ## ten thousand mutated documents to Medihost's doors, a long walk of the sandbox
	@SLOTBRIDGE_FUZZ=10000 $(PY) -m pytest -n 2 --timeout 3600 -k fuzz tests/wire tests/portal
	@SLOTBRIDGE_WALK=200 $(PY) -m pytest -n 2 --timeout 3600 tests/sandbox/test_walk.py

e2e: ## `slotbridge demo --once` in a fresh virtual environment
	@scripts/e2e

messages: setup-dev ## bring the translations' catalogues up to date with the source
	@$(PY) -m tests.messages

lock: ## renew the pinned dependencies (needs uv)
	uv pip compile --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --upgrade requirements.in -o requirements.txt
	uv pip compile --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --upgrade requirements-dev.in -o requirements-dev.txt

clean: ## remove the virtual environment and caches (never data)
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build

.PHONY: help setup setup-dev demo test check fmt fmt-check lint types imports bench chaos fuzz e2e messages lock clean
