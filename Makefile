# Everything a newcomer needs: `make run` and `make test`. Each does its own set-up.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
T ?= tests
# Tests make thousands of small databases, each of which waits for the disk: memory is faster.
# Some tests run programs that they write, which containers often do not allow there.
SCRATCH := $(shell free=$$(df -k --output=avail /dev/shm 2>/dev/null | tail -1); \
  probe=$$(mktemp -p /dev/shm 2>/dev/null) && chmod +x "$$probe" && "$$probe" 2>/dev/null \
  && [ "$${free:-0}" -gt 4000000 ] && echo /dev/shm || echo "$${TMPDIR:-/tmp}"; rm -f "$$probe")

.PHONY: help run test docs verify lint format types contracts screenshots lock setup system clean

help:  ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Plumbline needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Set PYTHON=..."; exit 1; }
	@echo "setting up: virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	@echo "setting up: locked dependencies"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@echo "setting up: locked tools for development"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

setup: $(VENV)/.dev  ## virtual environment with everything for development

run: $(VENV)/.run  ## the portal with the sample organization at http://127.0.0.1:7007
	@$(BIN)/portal up $(ARGS)

system:
	@bash tests/system.sh

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy

contracts: setup
	$(BIN)/lint-imports

test: setup system lint types contracts  ## the checks of every change; T=tests/catalog narrows the tests
	TMPDIR=$(SCRATCH) $(BIN)/pytest -n 3 -m "not slow" $(T)

verify: test  ## what takes long: kill loops, benchmarks' answers, and laws with many examples
	TMPDIR=$(SCRATCH) $(BIN)/pytest -n 2 -m "slow or law" --hypothesis-profile verify --timeout 1800 tests

format: setup  ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: setup system  ## write what the documentation shows of the product anew
	$(BIN)/pytest --update-docs tests/docs/test_openapi_copy.py tests/docs/test_screenshot.py

screenshots: setup system  ## every page in both themes, wide and narrow, in build/screenshots
	rm -rf build/screenshots
	TMPDIR=$(SCRATCH) $(BIN)/pytest -n 2 --screenshots build/screenshots tests/portal/ui/test_browser.py -k fits
	@echo "open build/screenshots/index.html"

lock:  ## pin the versions again
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra build pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
