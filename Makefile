# make run: install and run the default workflow.  make test: install and run every test.
# make test-fast: the tests that need no workflow and no long training, in minutes.
# make test-cluster: the workflow on SLURM, whose daemons it starts; as root on Debian.
# make test-faults: damaged files by the thousand, killed runs; minutes to hours (see GTGRN_FUZZ).
# make lint: what every change must pass; CONTRIBUTING.md says what each check is for.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
CORES ?= all

.PHONY: run test test-fast test-cluster test-faults lint bench clean

# rpy2 is built in ABI mode, so that it installs whether R and its headers are there or not.
.venv/installed: requirements.lock
	$(PYTHON) -m venv .venv
	RPY2_CFFI_MODE=ABI $(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	touch $@

run: .venv/installed
	$(BIN)/snakemake --cores $(CORES)
	@echo "The report is results/report.html"

test: .venv/installed
	tests/install_system.sh
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

test-fast: .venv/installed
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow and not cluster and not faults"

test-cluster: .venv/installed
	tests/install_system.sh
	$(BIN)/pytest -m cluster tests/workflow/test_cluster.py

test-faults: .venv/installed
	$(BIN)/pytest -n 2 -m faults

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check workflow
	$(BIN)/snakemake --lint
	$(BIN)/codespell
	PYTHONPATH=scripts $(BIN)/lint-imports --no-cache
	$(BIN)/python tests/gates/check_sizes.py
	$(BIN)/python tests/gates/check_environments.py
	$(BIN)/python tests/gates/check_types.py

bench: .venv/installed
	$(BIN)/python bench/run.py

clean:
	rm -rf results logs benchmarks .snakemake
