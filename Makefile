# Everything a person needs, in one virtual environment. Targets are idempotent; none needs root.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
PEERS := .venv-peers/.installed
STATISTICS_PEERS := .venv-peers-statistics/.installed

.PHONY: demo test lint bench bench-engine bench-statistics docs clean check-oracles check-nonmem check-sbml

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

# The pages of the modules, from cards, equations, tables and checks.
docs: $(STAMP)
	$(BIN)/inferon models pages docs/models

bench: $(STAMP)
	$(BIN)/python benchmarks/transplant_throughput.py
	$(BIN)/python benchmarks/cold_start.py
	$(BIN)/python benchmarks/statistics/interval_coverage.py

# The engine beside other programs, which live in an environment of their own. OPTIONS: --quick, --problem NAME.
bench-engine: $(STAMP) $(PEERS)
	$(BIN)/python benchmarks/engine/run.py $(OPTIONS)

$(PEERS): benchmarks/engine/peers.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/engine/peers.txt
	touch $(PEERS)

# The batched statistics beside lifelines and comprisk, which live in an environment of their own. OPTIONS: --quick.
bench-statistics: $(STAMP) $(STATISTICS_PEERS)
	$(BIN)/python benchmarks/statistics/batch/run.py $(OPTIONS)
	$(if $(OPTIONS),,$(BIN)/python benchmarks/statistics/batch/table.py --write)

$(STATISTICS_PEERS): benchmarks/statistics/batch/peers.txt
	$(PYTHON) -m venv .venv-peers-statistics
	.venv-peers-statistics/bin/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/statistics/batch/peers.txt
	touch $(STATISTICS_PEERS)

# ORACLES is a folder of case files, DATA the folder with the patients they speak of.
check-oracles: $(STAMP)
	$(BIN)/python -m tests.statistics.check_oracles $(or $(ORACLES),$(error say which cases: make check-oracles ORACLES=PATH DATA=PATH)) $(or $(DATA),$(error say where the patients lie: make check-oracles ORACLES=PATH DATA=PATH)) $(OPTIONS)

# SUITE is a zip or a folder: index.csv (case, tier, model) and a folder per case.
check-sbml: $(STAMP)
	$(BIN)/python -m tests.model.sbml_suite $(or $(SUITE),$(error say which suite: make check-sbml SUITE=PATH))

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test,lint]'
	touch $(STAMP)

clean:
	rm -rf .venv .venv-peers .venv-peers-statistics runs
