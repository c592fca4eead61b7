# Every target sets up what it needs. Only Python >= 3.10 with venv and pip is assumed.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
# Which torch to install, and where from. CPU build: make demo TORCH_ARGS="--index-url https://download.pytorch.org/whl/cpu"
TORCH      ?= torch==2.13.0
TORCH_ARGS ?=
# Tests that run at the same time: most of them wait for processes.
JOBS ?= 3
# The runs that the targets below make are kept inside the checkout.
export MOSAIC_HOME ?= $(CURDIR)/var
# Without bytecode every process that a run starts would compile all it imports anew.
unexport PYTHONDONTWRITEBYTECODE PYTHONUNBUFFERED

.DEFAULT_GOAL := help
.PHONY: help setup demo gui test coverage test-quick test-slow test-faults test-workers test-ray test-slurm check format lint types types-pages arrows bench docs docs-serve screenshots proto clean

help:  ## show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

RUNTIME := $(VENV)/.runtime
TOOLS   := $(VENV)/.tools
# The workers that share MOSAIC's own environment; the others are installed into their own by `mosaic workers install`.
WORKERS := 3rd_party/cleanrl_worker/ 3rd_party/random_worker/
INPUTS  := pyproject.toml hatch_build.py sdk/pyproject.toml $(addsuffix pyproject.toml,$(WORKERS))

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "MOSAIC needs Python >= 3.10; name one with: make PYTHON=/path/to/python3 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): $(INPUTS) | $(VENV)/bin/python
	@echo "Installing MOSAIC and its first two workers into $(VENV) (torch is about 200 MB as a CPU build) ..."
	@$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/python -m pip install --quiet $(TORCH_ARGS) "$(TORCH)"
	@$(BIN)/python -m pip install --quiet -e '.[random,cleanrl,plot,web]' $(addprefix -e ./,$(WORKERS))
	@touch $@

$(TOOLS): $(RUNTIME)
	@echo "Installing the tools for development into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet -e '.[dev]'
	@touch $@

setup: $(TOOLS)  ## create .venv with MOSAIC, its tools and the two workers that fit in

demo: $(RUNTIME)  ## train PPO on CartPole with three seeds, show it live, draw the curve
	$(BIN)/mosaic demo

gui: $(RUNTIME)  ## open the window
	@$(BIN)/python -c 'import PySide6, pyqtgraph' 2>/dev/null || $(BIN)/python -m pip install --quiet -e '.[gui]'
	$(BIN)/mosaic gui

test: $(TOOLS)  ## run the tests (minutes)
	$(BIN)/python -m pytest -m "not slow and not fault and not library" -n $(JOBS) --dist worksteal $(PYTEST_ARGS)

coverage: $(TOOLS)  ## run the tests, and show which lines of MOSAIC none of them runs (twice as long)
	$(MAKE) --no-print-directory test PYTEST_ARGS='--cov=gym_gui --cov-report=term:skip-covered'

test-quick: $(TOOLS)  ## run the tests that start no process (one that does so without its marker fails)
	$(BIN)/python -m pytest tests -m "not process and not long and not slow and not fault and not library" -n $(JOBS) \
	  --dist worksteal --hypothesis-profile quick -q

test-slow: $(TOOLS)  ## run the tests that train for real
	$(BIN)/python -m pytest -m "slow and not library" --timeout 3600

# A race shows only under load, and not the first time: make test-faults LOAD=10 REPEAT=50 CELLS='all-starting'
LOAD   ?= 0
REPEAT ?= 1
CELLS  ?=
test-faults: $(TOOLS)  ## kill every process at every moment and count what is left (LOAD: busy processes beside it; REPEAT; CELLS: as pytest -k)
	FAULT_LOAD=$(LOAD) FAULT_REPEAT=$(REPEAT) $(BIN)/python -m pytest -m fault --timeout 3600 $(if $(CELLS),-k '$(CELLS)')

WORKER_NAMES ?= random cleanrl sb3 ray spade_bdi goliat xuance balrog mctx benchmarl marllib
# 5: pytest found no test that needs the library.
test-workers: $(RUNTIME)  ## install each of WORKER_NAMES into its own environment, check it, run its tests there
	@for name in $(WORKER_NAMES); do \
	  echo "== $$name"; \
	  $(BIN)/mosaic workers install "$$name[test]" --editable || exit 1; \
	  case "$$name" in \
	    goliat) settings='--set command=practice' ;; \
	    balrog) settings='--set agent=random' ;; \
	    marllib) settings='--set batch_episode=4' ;; \
	    *) settings='' ;; \
	  esac; \
	  $(BIN)/mosaic workers check "$$name" $$settings || exit 1; \
	  "$(MOSAIC_HOME)/envs/$$name/current/bin/python" -m pytest -c 3rd_party/pytest-workers.ini --rootdir . \
	    3rd_party/$${name}_worker -m library $(PYTEST_ARGS) || [ $$? -eq 5 ] || exit 1; \
	done

# Ray has an environment of its own: it pins what others want newer.
RAY_VENV ?= $(VENV)-ray
test-ray:  ## run the tests of the executor ray on real clusters of two nodes, in an environment of their own
	@test -x $(RAY_VENV)/bin/python || $(PYTHON) -m venv $(RAY_VENV)
	@$(RAY_VENV)/bin/python -m pip install --quiet -e '.[random,web,ray]' -e ./3rd_party/random_worker/ \
	  'httpx>=0.27' 'hypothesis>=6.100' 'pytest>=8.2' 'pytest-timeout>=2.3'
	$(RAY_VENV)/bin/python -m pytest tests/fleet/ray_cluster -m slow --timeout 600 $(PYTEST_ARGS)

# As root, with Debian's packages slurmctld, slurmd, slurm-client and munge (apt install --no-install-recommends).
test-slurm: $(RUNTIME)  ## run the tests of the executor slurm on a real Slurm of one node
	$(BIN)/python -m pytest tests/fleet/slurm -m 'slow or not slow' --timeout 600 $(PYTEST_ARGS)

format: $(TOOLS)  ## format the code
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lint: $(TOOLS)
	$(BIN)/ruff format --check . && $(BIN)/ruff check .

types: $(TOOLS)
	$(BIN)/mypy
	@if command -v npm > /dev/null; then $(MAKE) --no-print-directory types-pages; else \
	  echo "The types of the web pages are not checked: there is no npm (Debian: apt install npm)."; fi

# What checks the pages comes from npm: versions and hashes are in package-lock.json.
PAGE_TOOLS := tests/web/npm
$(PAGE_TOOLS)/node_modules/.package-lock.json: $(PAGE_TOOLS)/package-lock.json
	cd $(PAGE_TOOLS) && npm ci --ignore-scripts --no-audit --no-fund --silent
	@touch $@

types-pages: $(PAGE_TOOLS)/node_modules/.package-lock.json  ## check the types of the web pages (needs npm)
	$(PAGE_TOOLS)/node_modules/.bin/tsc --project $(PAGE_TOOLS)

arrows: $(TOOLS)
	$(BIN)/lint-imports

check: lint types arrows test  ## format, lint, types, arrows, tests

bench: $(TOOLS)  ## run every benchmark and write benchmarks/results/ (BENCH_ARGS=--tiny: only whether they work)
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

docs: $(TOOLS)  ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

docs-serve: $(TOOLS)
	$(BIN)/mkdocs serve

screenshots: $(TOOLS)  ## take the pictures of the dashboard and the window that the docs show (needs chromium)
	$(BIN)/python docs/screenshots.py

proto: $(TOOLS)  ## regenerate the gRPC stubs
	$(BIN)/python -m gym_gui.rpc.proto.generate

clean:  ## remove the environment and everything built
	rm -rf $(VENV) site build dist .coverage .mypy_cache .ruff_cache .pytest_cache
