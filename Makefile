# The two commands of the README, and what a contributor needs. `make` alone lists them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# --no-compile: Python compiles a module when it is first imported; compiling all of torch and Ray ahead takes longer than
# the imports of all tests.
INSTALL := -m pip install --quiet --disable-pip-version-check --no-compile
PIP    := $(BIN)/python $(INSTALL)
# Many containers tell Python to keep no compiled modules. Then every process of every test compiles anew all that it
# imports, which takes twice as long: torch 9 s instead of 5, collecting the tests 44 s instead of 21 (2 GHz).
unexport PYTHONDONTWRITEBYTECODE
OUT    ?= dataset
SEEDS  ?= 1-3
SECONDS ?= 600
GAMES  ?= 2000
# How many test files `make test` runs side by side. Many tests wait more than they work: for clusters that start and stop,
# and for killed processes to be gone. Tests that start a Ray take turns; see tests/conftest.py. Three files on two cores
# are no faster than two.
SIDE_BY_SIDE ?= 2
# ALONE: the tests that need nothing but the locked packages; QUICK: the quick ones among them.
ALONE  := not (dolphin or ray or s3 or slippi or torch or browser)
QUICK  := $(ALONE) and not slow

.DEFAULT_GOAL := help
.PHONY: help demo test quick chaos fuzz soak coverage mutate sbom extras extras-ray extras-s3 extras-torch extras-browser test-extras check format lock standin channel clean render-packages test-packages

help: ## list these commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-8s %s\n", $$1, $$2}'

demo: render-packages $(VENV)/.ready ## render replays on headless Dolphin into ./dataset (REPLAYS=DIR for your own)
	@$(BIN)/farm demo --out $(OUT) $(if $(REPLAYS),--replays "$(REPLAYS)")

test: test-extras test-packages ## run every test that this machine can run; installs Ray and an S3 server for them
	@$(BIN)/pytest -n $(SIDE_BY_SIDE) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

quick: test-packages $(VENV)/.ready ## run the quick tests only
	@$(BIN)/pytest -n auto --dist loadfile -m "$(QUICK)" $(PYTEST_ARGS)

chaos: test-extras ## disturb a farm by SEEDS (1-3), and see that nothing is lost, doubled or left; some minutes a seed
	@$(BIN)/python -m tests.chaos.run --seeds $(SEEDS)

fuzz: test-packages $(VENV)/.ready ## try damaged and hostile input on every parser for SECONDS (600)
	@$(BIN)/python -m tests.fuzz.run --seconds $(SECONDS)

# coverage.py is installed beside the environment, not in it, since nothing else needs it. Child processes of tests are
# measured, too.
coverage: test-packages $(VENV)/.ready .venv-coverage/.ready ## say how many lines of the packages the tests run (those that need nothing installed; TESTS=tests for all)
	@rm -f .coverage .coverage.*
	@PYTHONPATH=$(CURDIR)/.venv-coverage COVERAGE_PROCESS_START=$(CURDIR)/pyproject.toml COVERAGE_FILE=$(CURDIR)/.coverage \
	    $(BIN)/python -m pytest -q -n $(SIDE_BY_SIDE) --dist loadfile --no-loadscope-reorder $(or $(TESTS),-m "$(ALONE)") $(PYTEST_ARGS) || true
	@PYTHONPATH=.venv-coverage $(BIN)/python -m coverage combine -q
	@for package in farm workers manifests; do \
	    PYTHONPATH=.venv-coverage $(BIN)/python -m coverage report --skip-covered --sort=miss --include "$$package/*"; done

.venv-coverage/.ready: docker/coverage.lock
	@$(PIP) --target .venv-coverage --no-deps --require-hashes --only-binary :all: -r $<
	@echo "import coverage; coverage.process_startup()" >.venv-coverage/sitecustomize.py
	@touch $@

mutate: test-packages $(VENV)/.ready ## change one thing at a time in the modules that matter most, and see whether tests notice
	@$(BIN)/python -m tests.mutation.run

soak: test-packages $(VENV)/.ready ## render GAMES (2000) short games and see that nothing grows; 20 minutes to an hour
	@$(BIN)/python -m tests.soak.run --games $(GAMES)

# Ray and S3 are half of the product, so `make test` installs them. It does not install what is larger still (torch, 1 GB)
# or unexpected on somebody's machine (a browser): tests that need these skip, with the reason. CI installs all of them.
extras: test-extras extras-torch extras-browser ## install what the tests marked torch and browser need, too

test-extras: extras-ray extras-s3

extras-ray: $(VENV)/.ready
	@docker/system-packages cluster
	@$(BIN)/python -c 'import ray, pandas' 2>/dev/null || { \
	    echo "Installing Ray and pandas into $(VENV) for the tests (300 MB) ..."; \
	    $(PIP) --no-deps --no-build-isolation --require-hashes -r docker/worker.lock && \
	    $(PIP) --no-deps --require-hashes -r docker/test-ray.lock; } \
	    || echo "Ray cannot be had for this Python: the tests marked ray will skip." >&2

extras-torch: $(VENV)/.ready
	@$(BIN)/python -c 'import torch, torchdata, torchcodec' 2>/dev/null || \
	    $(PIP) --no-deps --require-hashes -r docker/test-torch.lock

extras-s3: .venv-s3/.ready

extras-browser:
	@docker/system-packages browser

.venv-s3/.ready: tests/s3_server/requirements.lock
	@echo "Installing an S3 server into .venv-s3 for the tests (80 MB) ..."
	@test -x .venv-s3/bin/python || $(PYTHON) -m venv .venv-s3
	@.venv-s3/bin/python $(INSTALL) --no-deps --require-hashes -r $<
	@touch $@

check: $(VENV)/.ready ## lint, types, and known vulnerabilities of locked packages where somebody can be asked
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(MAKE) --no-print-directory .venv-supply/.ready 2>/dev/null || true
	@$(BIN)/python docker/vulnerabilities.py .venv-supply/bin/pip-audit requirements.lock docker/worker.lock

sbom: $(VENV)/.ready .venv-supply/.ready ## list what is installed in .venv, as CycloneDX, in dist/sbom.cdx.json
	@mkdir -p dist
	@.venv-supply/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
	    -o dist/sbom.cdx.json $(BIN)/python && echo dist/sbom.cdx.json

.venv-supply/.ready: docker/supply.lock
	@echo "Installing what lists and looks up packages into .venv-supply (60 MB) ..."
	@test -x .venv-supply/bin/python || $(PYTHON) -m venv .venv-supply
	@.venv-supply/bin/python $(INSTALL) --retries 1 --timeout 15 \
	    --no-deps --require-hashes --only-binary :all: -r $<
	@touch $@

format: $(VENV)/.ready ## let ruff lay out the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

channel: ## rebuild the preloaded library that takes pictures out of Slippi's Dolphin from its C source
	@$(PYTHON) -m workers.emulator.frame_channel.build

standin: ## rebuild the stand-in game's prebuilt image from its C source
	@$(PYTHON) -m workers.standin.image.build

lock: $(VENV)/.ready ## resolve requirements.lock anew from pyproject.toml
	@docker/lock $(BIN)/python

clean: ## remove the environment and what tests leave
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

render-packages:
	@docker/system-packages render

test-packages:
	@docker/system-packages render test

# Every package is pinned with its hash; --no-deps because the lock is complete (and overrides one stale upstream pin).
# The tools that build our own package, and the two packages that come as source, are pinned, too: else pip would fetch
# the newest.
$(VENV)/.ready: requirements.lock docker/build-tools.lock pyproject.toml docker/system-packages
	@docker/system-packages python
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked Python packages into $(VENV) ..."
	@$(PIP) --no-deps --require-hashes --only-binary :all: -r docker/build-tools.lock
	@$(PIP) --no-deps --no-build-isolation --use-pep517 --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@
