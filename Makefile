# Everything a person needs, in one virtual environment. Targets are idempotent; none needs root.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
PEERS := .venv-peers/.installed

.PHONY: demo test lint bench bench-engine clean check-nonmem check-sbml

demo: $(STAMP)
	$(BIN)/inferon run studies/peri-transplant-peginterferon.yaml

test: $(STAMP)
	$(BIN)/python -m pytest -n auto

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright

check-nonmem: $(STAMP)
	$(BIN)/python tests/protocol/nonmem_suite.py $(or $(SUITE),$(error say which folder: make check-nonmem SUITE=PATH))

bench: $(STAMP)
	$(BIN)/python benchmarks/transplant_throughput.py

# The engine beside other programs, which live in an environment of their own. OPTIONS: --quick, --problem NAME.
bench-engine: $(STAMP) $(PEERS)
	$(BIN)/python benchmarks/engine/run.py $(OPTIONS)

$(PEERS): benchmarks/engine/peers.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/engine/peers.txt
	touch $(PEERS)

# SUITE is a zip or a folder: index.csv (case, tier, model) and a folder per case.
check-sbml: $(STAMP)
	$(BIN)/python -m tests.model.sbml_suite $(or $(SUITE),$(error say which suite: make check-sbml SUITE=PATH))

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test,lint]'
	touch $(STAMP)

clean:
	rm -rf .venv .venv-peers runs
