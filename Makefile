PYTHON ?= python3

# A uv that is missing, broken or too old for the lock is replaced by one of our own in .tools.
UV := $(or $(shell uv export --frozen --quiet >/dev/null 2>&1 && command -v uv),.tools/bin/uv)
RUN := $(UV) run --no-sync

.DEFAULT_GOAL := help
.PHONY: help setup check test demo bench soak

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' Makefile

# --target needs no virtual environment, and is allowed where Python is externally managed (PEP 668).
.tools/bin/uv:
	$(PYTHON) -m pip install --quiet --upgrade --target .tools uv \
	|| { $(PYTHON) -m venv .tools && .tools/bin/python -m pip install --quiet uv; }

setup: | $(UV) ## Make the locked environment in .venv
	$(UV) sync --quiet --locked --all-groups

check: setup ## Format, lint, types and layers
	$(RUN) ruff format --check
	$(RUN) ruff check
	$(RUN) mypy --strict
	$(RUN) lint-imports --no-logo

# Tests with real processes, signals and servers meet a noisy machine now and then: what has failed is
# run once more, alone, and has to pass then. Both runs are there to be read.
test: check ## All gates, then all tests
	$(RUN) pytest -n 2 || $(RUN) pytest --last-failed --last-failed-no-failures none

demo: | $(UV) ## A pipeline over real data: run, killed, resumed
	$(UV) run --quiet --locked --no-dev --group demo python examples/flights/demo.py

bench: setup ## Measure against the budgets
	$(RUN) python -m benchmarks

soak: setup ## Kill runs at random for a long time and count what is lost
	$(RUN) python -m benchmarks.soak
