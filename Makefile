# Khuê: make setup · run · test · test-long · check · fix · bench · docs
# Needs git, make and Python 3.11 or newer. Everything else goes into .venv and .tools of this folder.

PYTHON ?= python3
BIN := .venv/bin
export PYTHONUTF8 = 1

.PHONY: help setup setup-dev services run test test-long check fix bench docs

help: ## This list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: ## Make .venv with the command khue (a second time takes no time)
	@$(PYTHON) tools/bootstrap.py

setup-dev:
	@$(PYTHON) tools/bootstrap.py --dev

services: setup-dev
	@bash tools/test_services.sh

run: setup ## Start the demonstration city on http://127.0.0.1:8000 (KHUE_PORT, KHUE_DATA, KHUE_DATABASE_URL)
	@exec $(BIN)/khue serve

check: setup-dev ## Format, style, types, rooms: seconds
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-logo
	$(BIN)/pyright

fix: setup-dev ## Mend what can be mended by itself
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

test: check services ## check, then every test (15 minutes at the most)
	$(BIN)/python tools/run_tests.py

test-long: check services ## The same with every long loop whole
	KHUE_TEST_LONG=1 $(BIN)/python tools/run_tests.py

bench: setup-dev services ## Measure against the floors; writes bench/results.json
	$(BIN)/python bench/run.py

docs: setup-dev ## Check the pages of docs/ against the code
	$(BIN)/pytest -n 0 tests/test_docs.py
