# Every target does its own set-up in .venv and is quick when nothing changed.
# Another Python: make test PYTHON=python3.10 VENV=.venv310
PYTHON ?= python3
VENV ?= .venv
MINUTES ?= 20
FLEETS ?= 100 1000 10000 50000
BIN := $(VENV)/bin
TOOLKIT := tests/crosscheck/toolkit
SOURCES := handler.py lightsout tools tests
LOCK := .venv-lock/bin/uv pip compile -q --universal --python-version 3.10 --generate-hashes \
  --no-header --no-emit-index-url --upgrade

.PHONY: demo test check crosscheck package try-package bench bench-coldstart soak docs format lock clean

demo: $(VENV)/.run  ## the real handler, through the real SDK, against the embedded simulator
	@$(BIN)/python -m lightsout demo

test: $(VENV)/.dev  ## the tests
	@$(BIN)/python -m pytest -n auto --dist worksteal

check: $(VENV)/.dev  ## lint, format, types, who may import whom, and documents made from code
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.policy_docs --check
	$(BIN)/python -m tools.reliability_docs --check

crosscheck: $(VENV)/.dev .venv-crosscheck/.ready $(TOOLKIT)/node_modules/.ready  ## what needs more than PyPI and one Python
	.venv-crosscheck/bin/python -m tools.extract_api --check
	TCCLI=$(CURDIR)/.venv-crosscheck/bin/tccli PRE_COMMIT=$(CURDIR)/.venv-crosscheck/bin/pre-commit \
	  $(BIN)/python -m pytest -rs -m crosscheck -n auto --dist loadfile
	$(PYTHON) -m tools.other_pythons

package: $(VENV)/.run  ## dist/bundle, the folder to deploy, and dist/lightsout.zip
	@$(BIN)/python -m lightsout package

try-package: $(VENV)/.run  ## the same, then dist/bundle as it is deployed, with a timer event, against a simulated cloud
	@$(BIN)/python -m lightsout package --try

bench-coldstart: package  ## what importing the handler costs, beside the SDK alone, and a month of runs
	@$(BIN)/python -m tools.bench.coldstart

docs: $(VENV)/.dev  ## write again what is made from code
	$(BIN)/python -m tools.policy_docs
	$(BIN)/python -m tools.reliability_docs

soak: $(VENV)/.dev  ## random troubles for MINUTES, holding the laws of tests/support/laws.py
	$(BIN)/python -m tools.soak --minutes $(MINUTES)

bench: package  ## what a run costs by the size of the fleet, written to docs/performance.md; 3 minutes
	$(BIN)/python -m tools.bench.fleets --fleets $(FLEETS)
	$(BIN)/python -m tools.bench.parts

format: $(VENV)/.dev
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

lock:  ## pin every requirement with its hashes, for Python 3.10 and newer
	$(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install -q uv
	$(LOCK) --group bundle -o requirements.txt
	$(LOCK) pyproject.toml -c requirements.txt -o requirements/cli.txt
	$(LOCK) pyproject.toml -c requirements.txt --group dev -o requirements/dev.txt
	$(LOCK) --group crosscheck -o requirements/crosscheck.txt

clean:
	rm -rf .venv* $(TOOLKIT)/node_modules dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "lightsout needs Python 3.10 or newer: make PYTHON=python3.x")'
	@echo "setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(VENV)/bin/python requirements/cli.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements/cli.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements/dev.txt
	@touch $@

.venv-crosscheck/.ready: requirements/crosscheck.txt
	@$(PYTHON) -m venv .venv-crosscheck
	@.venv-crosscheck/bin/python -m pip install -q --disable-pip-version-check -r requirements/crosscheck.txt
	@touch $@

# The library under `scf deploy`. Without npm its tests are skipped, and say so.
$(TOOLKIT)/node_modules/.ready: $(TOOLKIT)/package-lock.json
	@if command -v npm > /dev/null; then cd $(TOOLKIT) && npm ci --ignore-scripts --loglevel=error && touch node_modules/.ready; fi
