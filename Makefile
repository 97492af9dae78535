# Loopwright. `make help` lists what there is.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export MLFLOW_DISABLE_TELEMETRY = true
export DO_NOT_TRACK = true

# Two workers for two cores, and a third for the end-to-end stories, which mostly wait (tests/conftest.py).
ABREAST = --numprocesses 3 --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-full lint format lock wheel clean

help: ## Say what each target does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

setup: $(READY) ## Build .venv: everything pinned, bytecode compiled

# uv does not compile bytecode by itself; without it every import, hence every task, takes two to three times as long.
$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 is needed and was not found; name it with: make PYTHON=/path/to/python3.11"; exit 2; }
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || \
		{ echo "$(PYTHON) is not Python 3.11 to 3.13; name one with: make PYTHON=/path/to/python3.11"; exit 2; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV) || \
		{ echo "No virtual environment could be made (on Debian: apt-get install python3-venv)."; rm -rf $(VENV); exit 2; }
	@echo "Installing into $(VENV) (about 280 packages; a minute or two, longer on a slow line) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv || \
		{ echo "The installation failed, as said above. If packages could not be fetched: is there a network, and does pip reach its index?"; exit 2; }
	@UV_HTTP_TIMEOUT=180 $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python \
		--constraint constraints.txt --editable '.[ml,s3,demo,dev,benchmark]' || \
		{ echo "The installation failed, as said above. If packages could not be fetched: is there a network, and does pip reach its index?"; exit 2; }
	@touch $(READY)

demo: $(READY) ## Watch a real model go round the loop (EXIT=1 stops at the table; PORT=, MLFLOW_PORT=)
	@$(BIN)/python -m demo $(if $(EXIT),--exit) $(if $(PORT),--port $(PORT)) $(if $(MLFLOW_PORT),--mlflow-port $(MLFLOW_PORT))

test: $(READY) lint ## All checks and tests that every change must pass (under 25 minutes on two cores)
	$(BIN)/python -m pytest -m "not full" $(ABREAST)

test-full: $(READY) lint ## The same, and what takes longer
	$(BIN)/python -m pytest $(ABREAST)

lint: $(READY) ## Style, types, spelling, and the storeys of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/codespell

format: $(READY) ## Bring the code to the house style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(READY) ## Resolve every pin anew into constraints.txt, without index addresses
	@{ sed -n '/^#/p' constraints.txt; \
	   $(BIN)/uv pip compile pyproject.toml --all-extras --python-version 3.11 --quiet --no-header --no-annotate --no-emit-index-url; \
	   echo "uv==$$($(BIN)/uv --version | cut -d' ' -f2)"; } > constraints.new && mv constraints.new constraints.txt

wheel: $(READY) ## Build the wheel (the package and dags/) into dist/
	$(BIN)/python -m build --wheel --no-isolation

clean: ## Remove what the above made, .venv included
	rm -rf $(VENV) .demo .loopwright dist build .mypy_cache .pytest_cache .ruff_cache
