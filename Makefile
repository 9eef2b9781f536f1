# make demo   the complete workflow on the sample data, from nothing installed to a report
# make test   installs what the tests need and runs them
# The others are for developers: lint types docs wheel test-all bench bench-quality bench-ablation bench-intervals
# bench-scale bench-synth clean

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

.PHONY: demo test test-all lint types docs docs-update wheel check clean
.PHONY: bench bench-scale bench-quality bench-ablation bench-intervals bench-synth

$(VENV)/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("pprl needs Python 3.11 or newer; say make PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(PIP) install --editable '.[dev,spark]'
	@touch $@

demo: $(VENV)/installed
	@PPRL=$(PPRL) DEMO=$(DEMO) bash tools/demo.sh
	@echo; echo "Open $(DEMO)/report.html in a browser."

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -m "not slow" --numprocesses auto --maxprocesses 8

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
	$(BIN)/python tools/make_error_reference.py --check docs/errors.md

docs-update: $(VENV)/installed-dev
	$(BIN)/python tools/make_cli_reference.py docs/cli.md
	$(BIN)/python tools/make_error_reference.py docs/errors.md

# The built wheel, in an environment of its own and away from this folder's code, must run the complete workflow.
wheel: $(VENV)/installed-dev
	rm -rf dist build $(VENV)-wheel
	$(BIN)/python -m build --wheel --outdir dist . > /dev/null
	$(PYTHON) -m venv $(VENV)-wheel
	$(subst $(VENV)/,$(VENV)-wheel/,$(PIP)) install dist/*.whl
	cd dist && PPRL=$(abspath $(subst $(VENV)/,$(VENV)-wheel/,$(PPRL))) DEMO=road SAMPLE=../$(SAMPLE) bash ../tools/demo.sh

$(VENV)-bench/installed: pyproject.toml benchmarks/requirements.txt
	$(PYTHON) -m venv $(VENV)-bench
	$(subst $(VENV)/,$(VENV)-bench/,$(PIP)) install --requirement benchmarks/requirements.txt
	$(subst $(VENV)/,$(VENV)-bench/,$(PIP)) install --editable .
	@touch $@

# The peers of the generator need an older NumPy than this package: they run in an environment of their own.
$(VENV)-peers/installed: benchmarks/requirements-peers.txt
	$(PYTHON) -m venv $(VENV)-peers
	$(subst $(VENV)/,$(VENV)-peers/,$(PIP)) install --requirement benchmarks/requirements-peers.txt
	@touch $@

# So does the clear-text peer of the quality benchmark.
$(VENV)-splink/installed: benchmarks/requirements-splink.txt
	$(PYTHON) -m venv $(VENV)-splink
	$(subst $(VENV)/,$(VENV)-splink/,$(PIP)) install --requirement benchmarks/requirements-splink.txt
	@touch $@

bench: $(VENV)-bench/installed $(VENV)-peers/installed
	$(subst $(VENV)/,$(VENV)-bench/,$(BIN)/)python benchmarks/run.py --peers $(subst $(VENV)/,$(VENV)-peers/,$(BIN)/)python

# SCALE=DIR keeps the files (about 12 GB with 10 million records a file) and the figures; PARTS=a,b runs some parts.
SCALE ?= scale
PARTS ?= kernel,encode,growth,exhaustive,road,largest

bench-scale: $(VENV)-bench/installed $(VENV)-splink/installed
	$(subst $(VENV)/,$(VENV)-bench/,$(BIN)/)python benchmarks/scale.py --folder $(SCALE) --parts $(PARTS) --docs docs \
		--splink $(subst $(VENV)/,$(VENV)-splink/,$(BIN)/)python

bench-synth: $(VENV)/installed
	$(BIN)/python benchmarks/synth.py --scale

# HISTORICAL=FILE adds Splink's public data set historical_figures_with_errors_50k (Parquet).
HISTORICAL ?=
HISTORY := $(if $(HISTORICAL),--historical $(HISTORICAL))

bench-quality: $(VENV)/installed $(VENV)-splink/installed
	$(BIN)/python benchmarks/quality.py --splink $(subst $(VENV)/,$(VENV)-splink/,$(BIN)/)python $(HISTORY)

bench-ablation: $(VENV)/installed
	$(BIN)/python benchmarks/ablation.py $(HISTORY)

bench-intervals: $(VENV)/installed
	$(BIN)/python benchmarks/intervals.py
	$(BIN)/python benchmarks/intervals.py --country de
	$(BIN)/python benchmarks/intervals.py --dirty

check: lint types docs test wheel

clean:
	rm -rf $(VENV) $(VENV)-wheel $(VENV)-bench $(VENV)-peers $(VENV)-splink $(DEMO) build dist *.egg-info
	find pprl cli -name "*.nb[ic]" -delete
