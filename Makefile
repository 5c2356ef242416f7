# What a newcomer needs: make run, make test, make check. `make lock` and `make catalogs` are for developers.
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
# Some machines forbid it; then every process compiles Griot anew when it starts.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: setup setup-test run test check lock catalogs bench bench-peers bench-scale chaos forms

setup: .venv/.run

setup-test: .venv/.test

.venv/bin/uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Griot needs Python 3.11 or newer")'
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

.venv/.run: .venv/bin/uv requirements/run.txt pyproject.toml $(wildcard locales/*/LC_MESSAGES/griot.po)
	@$(UV) pip install --python $(BIN)/python -q --compile-bytecode --require-hashes -r requirements/run.txt
	@$(UV) pip install --python $(BIN)/python -q --no-deps --no-build-isolation -e .
	@$(BIN)/pybabel -q compile -d locales -D griot
	@touch $@

.venv/.test: .venv/.run requirements/test.txt
	@$(UV) pip install --python $(BIN)/python -q --compile-bytecode --require-hashes -r requirements/test.txt
	@touch $@

run: setup
	@$(BIN)/griot run --demo

test: setup-test
	@$(BIN)/pytest -n 4 --dist worksteal

check: setup-test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/deptry .
	@$(BIN)/python -m tests.completeness

lock: .venv/bin/uv
	@for name in uv run test; do $(UV) pip compile -q --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header requirements/$$name.in -o requirements/$$name.txt; done

catalogs: setup
	@$(BIN)/pybabel -q extract -F locales/babel.cfg -k say -k sentence -k count:1,2 --no-location --sort-output --omit-header -o locales/griot.pot bot console reports
	@$(BIN)/pybabel -q update -i locales/griot.pot -d locales -D griot --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	@$(BIN)/pybabel -q compile -d locales -D griot

bench: setup-test
	@$(BIN)/python -m bench

# A large network: ten minutes, 4 GB. A trial: make bench-scale ARGS="--people 600 --reports 2000 --cities 22".
bench-scale: setup-test
	@$(BIN)/python -m bench.scale $(ARGS)

# Griot beside its peers, one table: under ten minutes. QUICK=1 for a small run, HOUR=1 to watch memory for an hour.
bench-peers: setup-test
	@$(BIN)/python -m bench.peers $(if $(QUICK),--quick) $(if $(HOUR),--hour)

# Another run: make chaos CHAOS="--database sqlite --inbound 1000 --kills 20 --seed 7".
chaos: setup-test
	@$(BIN)/pytest -n 0 -m chaos
	@$(BIN)/python -m tests.chaos $(CHAOS)

# Another folder of XLSForms: make forms DIR=path; each accepted form is filled in to the end.
forms: setup
	@$(BIN)/python -m bench.forms $(if $(DIR),$(DIR),programmes/aston/forms)
