# EduDesk: one command each. `make` alone lists them.
# Needs make and Python 3.11 or newer; everything else lands in .venv and build/, inside this folder.

PYTHON ?= python3
BIN := .venv/bin
CONTAINED := .ci/contained
# pip asks rustc for its version, and rustup would write that down at home.
export RUSTUP_HOME ?= $(CURDIR)/build/rustup
PIP := PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install -qq --require-hashes
PYTEST := $(CONTAINED) $(BIN)/python -m pytest --basetemp=build/pytest
COMPILE := $(CONTAINED) $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make requirements' $(UPGRADE)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test check bench soak migrate browser requirements

help:  ## List the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/.installed  ## Install and start the console on http://127.0.0.1:5000 (SQLite, built-in WeCom sandbox)
	@exec $(BIN)/python run.py

test: .venv/.installed-dev  ## Install and run every test, in a real browser and on both databases (t="path or options")
	@browser=$$(.ci/browser) && export CHROMIUM=$$browser && \
	if [ -n "$(t)" ]; then $(PYTEST) $(t); else $(PYTEST) -n 3 --dist loadfile --no-loadscope-reorder --ignore tests/pages && $(PYTEST) -n 2 --dist loadfile tests/pages; fi

check: .venv/.installed-dev  ## Format, lint, types, import rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@PYTHONPATH=. $(BIN)/lint-imports

bench: .venv/.installed-dev  ## Run the benchmarks; a table at the end
	@browser=$$(.ci/browser) && CHROMIUM=$$browser $(CONTAINED) $(BIN)/python -m bench

soak: .venv/.installed-dev  ## kill -9 a thousand times on each database; an hour and a quarter
	@$(CONTAINED) $(BIN)/python -m bench.soak

migrate: .venv/.installed-dev  ## Write a migration from the models (m="add expiry to drafts")
	@test -n "$(m)" || { echo 'Say what it does: make migrate m="add expiry to drafts"' >&2; exit 2; }
	@$(CONTAINED) $(BIN)/python -m models.migrations "$(m)"

browser: .venv/.installed-dev  ## Make sure a Chromium is here; print where
	@.ci/browser

requirements: .venv/.installed-dev  ## Pin requirements*.in into requirements*.txt (UPGRADE=--upgrade for newer ones)
	@$(COMPILE) requirements.in --output-file requirements.txt
	@$(COMPILE) requirements-dev.in --output-file requirements-dev.txt

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo 'No $(PYTHON) here. Install Python 3.11 or newer, or name one: make PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "EduDesk needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Name another: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo 'This Python cannot make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv' >&2; exit 1; }
	@echo 'Making .venv with' "$$($(PYTHON) -V)"
	@$(PYTHON) -m venv --clear .venv

.venv/.installed: requirements.txt | $(BIN)/python
	@echo 'Installing requirements.txt into .venv (about a minute, once)'
	@$(PIP) -r requirements.txt
	@touch $@

# requirements-dev.txt holds all of requirements.txt too, at the same versions.
.venv/.installed-dev: requirements.txt requirements-dev.txt | $(BIN)/python
	@echo 'Installing requirements-dev.txt into .venv (half a minute, once)'
	@.ci/install
	@touch .venv/.installed $@
