# Two commands do everything on a fresh machine: `make report` and `make test`. `make` alone lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOGS ?= sample_logs
OUT ?= out

# What the analyzer keeps between runs stays in the checkout, too.
export XDG_CACHE_HOME := $(CURDIR)/.cache

.DEFAULT_GOAL := help
.PHONY: help install install-dev report test lint types docs benchmark dist fuzz clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.installed

install: $(VENV)/.installed ## create the environment and install the analyzer into it

install-dev: $(VENV)/.installed-dev ## the same with everything that the tests need

report: $(VENV)/.installed ## analyse LOGS (sample_logs/) and write OUT (out/)
	$(BIN)/analyzer report $(LOGS) -o $(OUT) || test $$? -eq 3

test: $(VENV)/.installed-dev ## run every test, the linters and the type checker
	$(BIN)/python -m pytest

lint: $(VENV)/.installed-dev ## ruff and the import contract
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache

types: $(VENV)/.installed-dev ## mypy, strict
	$(BIN)/python -m mypy

docs: $(VENV)/.installed-dev ## fill the generated tables of the README
	$(BIN)/python tools/docs.py

benchmark: $(VENV)/.installed ## our report against pflogsumm and eximstats, 0.3 GB and 3 GB
	$(BIN)/python benchmarks/run.py $(BENCHMARK)

dist: ## build sdist and wheel into dist/, and try each in an empty environment
	$(PYTHON) tools/dist.py

fuzz: $(VENV)/.installed-dev ## a million mutated lines through the compiled engine under sanitizers
	$(BIN)/python -m pip install --quiet --disable-pip-version-check Cython setuptools wheel
	$(BIN)/python tools/fuzz.py $(FUZZ)

clean: ## remove the environment and what was built
	rm -rf $(VENV) build dist out .cache *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
