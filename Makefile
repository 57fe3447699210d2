# Everything one does with the repository. `make` alone lists it.

# The first Python of the machine that is new enough and can make environments.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$p && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
PYTEST = $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist worksteal --quiet -rs

WORKERS ?= 2
N ?= 1000
SEED ?= $(shell od -An -N4 -tu4 /dev/urandom | tr -d ' ')
NAME ?= spine

# Bytecode is kept, whatever the shell says: a process compiles the package in more time than most
# tests take, and pytest rewrites every assertion of the suite.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help venv demo test check format verify lint types opinion layers fast torture torture-monkey torture-pipelines torture-csv torture-mutants torture-tests bench clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: .venv/.installed-dev ## set up .venv with everything that developing needs

demo: .venv/.installed-demo ## set up, then run the flights job on real data
	$(BIN)/python examples/demo.py

test: venv verify lint types opinion layers ## set up, then pass every check and every test but the long campaigns
	$(PYTEST) -m "not torture"

check: venv ## format, lint, types, layers and the fast tests, in under a minute
	@$(MAKE) --no-print-directory --jobs 2 verify lint fast types layers

format: venv ## format the code, and mend what can be mended by itself
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

torture: venv ## kill runs, imports and replays at N random instants (N=1000 SEED=..., SCENES="import replay", INSTANTS=1)
	$(BIN)/python -m tests.torture.campaign --n $(N) --seed $(SEED) $(if $(SCENES),--scenes $(SCENES)) $(if $(INSTANTS),--instants)

torture-monkey: venv ## faults of every kind at random, until N distinct ones (N=1000 SEED=...)
	$(BIN)/python -m tests.torture.monkey --n $(N) --seed $(SEED)

torture-pipelines: venv ## N random pipelines with random ends, against plain loops (N=10000 SEED=..., or ONLY=...)
	$(BIN)/python -m tests.torture.pipelines --n $(N) --seed $(SEED) $(if $(ONLY),--only $(ONLY))

torture-csv: venv ## damage N CSV files in every way at every place, and judge what is read (N=100 SEED=...)
	$(BIN)/python -m tests.connectors.csv_campaign --n $(N) --seed $(SEED)

torture-mutants: venv ## break the source in known ways; the suite must notice each
	$(BIN)/python -m tests.torture.mutants

torture-tests: venv ## break the surroundings: what `make test` leaves out; needs root, and says what it skips
	$(PYTEST) -rs --numprocesses 0 -m torture

bench: venv ## measure one figure (NAME=spine)
	$(BIN)/python -m bench $(NAME)

clean: ## remove .venv and all caches; runs and their data stay
	rm -rf .venv build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests examples bench -name __pycache__ -type d -prune -exec rm -rf {} +

# ------------------------------------------------------------------ the parts of check

verify: venv
	$(BIN)/ruff format --check --quiet .

lint: venv
	$(BIN)/ruff check --quiet .

types: venv
	$(BIN)/mypy --no-error-summary

# A second one on the public face. It keeps nothing from one time to the next, so that it needs an
# eighth of the minute that `make check` has: it is for `make test`.
opinion: venv
	$(BIN)/basedpyright --level error

layers: venv
	$(BIN)/lint-imports

fast: venv
	DAYBREAK_PROFILE=quick $(PYTEST) -m "not slow and not torture"

# ------------------------------------------------------------------ the environment, set up once

# Build backends (ours, and setuptools for what comes as source) are installed first and pinned,
# so that no build fetches versions of its own choice.
.venv/.created: constraints.txt
	@test -n "$(PYTHON)" || { echo "no Python 3.11 or newer with venv was found; install one" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(PIP) hatchling editables setuptools
	touch $@

.venv/.installed-demo: .venv/.created pyproject.toml constraints.txt
	$(PIP) --no-build-isolation --editable '.[demo]'
	touch $@

.venv/.installed-dev: .venv/.created pyproject.toml constraints.txt
	$(PIP) --no-build-isolation --editable '.[test,dev]'
	touch $@
