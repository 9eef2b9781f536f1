# make demo   the whole road on the sample data, from nothing installed to a report
# make test   installs what the tests need and runs them
# The others are for developers: lint types docs wheel test-all bench bench-quality clean

PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PPRL := $(BIN)/pprl
SAMPLE := sample_data
DEMO := demo

.PHONY: demo test test-all lint types docs docs-update wheel bench bench-quality check clean

$(VENV)/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("pprl needs Python 3.11 or newer; say make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(PIP) install --editable '.[dev]'
	@touch $@

demo: $(VENV)/installed
	@rm -rf $(DEMO) && mkdir $(DEMO)
	@echo "== 1. The parties make a key. Fingerprint to compare over the phone:"
	@$(PPRL) keygen $(DEMO)/parties.key 2> /dev/null
	@echo; echo "== 2. The health department encodes its people"
	@$(PPRL) encode $(SAMPLE)/health.csv --agreement $(SAMPLE)/linkage.toml --key $(DEMO)/parties.key \
	  --party health --id patient_no --columns $(SAMPLE)/health.columns.toml -o $(DEMO)/health.parquet
	@echo; echo "== 3. The education department encodes its people"
	@$(PPRL) encode $(SAMPLE)/education.csv --agreement $(SAMPLE)/linkage.toml --key $(DEMO)/parties.key \
	  --party education --id pupil_ref --columns $(SAMPLE)/education.columns.toml -o $(DEMO)/education.parquet
	@echo; echo "== 4. The linkage unit, which has neither key nor names, links the encodings"
	@$(PPRL) match $(DEMO)/health.parquet $(DEMO)/education.parquet -o $(DEMO)/links
	@echo; echo "== 5. A statistician judges the links against the truth"
	@$(PPRL) evaluate $(DEMO)/links --truth $(SAMPLE)/truth.csv \
	  --ids health=$(DEMO)/health.ids.csv --ids education=$(DEMO)/education.ids.csv -o $(DEMO)/report.html
	@echo; echo "Open $(DEMO)/report.html in a browser."

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -m "not slow"

test-all: $(VENV)/installed-dev
	$(BIN)/python -m pytest

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/installed-dev
	$(BIN)/mypy

docs: $(VENV)/installed-dev
	$(BIN)/python tools/make_cli_reference.py --check docs/cli.md

docs-update: $(VENV)/installed-dev
	$(BIN)/python tools/make_cli_reference.py docs/cli.md

# The built wheel, in an environment of its own, must give a working `pprl`.
wheel: $(VENV)/installed-dev
	rm -rf dist build $(VENV)-wheel
	$(BIN)/python -m build --wheel --outdir dist . > /dev/null
	$(PYTHON) -m venv $(VENV)-wheel
	$(subst $(VENV)/,$(VENV)-wheel/,$(PIP)) install dist/*.whl
	cd $(SAMPLE) && $(abspath $(subst $(VENV)/,$(VENV)-wheel/,$(PPRL))) inspect linkage.toml

$(VENV)-bench/installed: pyproject.toml benchmarks/requirements.txt
	$(PYTHON) -m venv $(VENV)-bench
	$(subst $(VENV)/,$(VENV)-bench/,$(PIP)) install --requirement benchmarks/requirements.txt
	$(subst $(VENV)/,$(VENV)-bench/,$(PIP)) install --editable .
	@touch $@

bench: $(VENV)-bench/installed
	$(VENV)-bench/bin/python benchmarks/run.py

bench-quality: $(VENV)/installed
	$(BIN)/python benchmarks/quality.py

check: lint types docs test wheel

clean:
	rm -rf $(VENV) $(VENV)-wheel $(VENV)-bench $(DEMO) build dist *.egg-info
