# make paint   paint the default picture
# make test    install the packages for tests and run everything: lint, types, tests
# make quick   run lint and the quick tests alone, in about a minute
# make types   check the types alone, in a minute or two
# make bench   print ratios of speed, measured in one run
# make gallery train every component for 10 s, and write docs/gallery.md
# make fidelity  train published experiments beside transcriptions of their papers, and write docs/fidelity.md
# make format  fix and format with ruff
# make clean   delete the environment and caches

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: paint test quick types bench gallery fidelity format clean
.DELETE_ON_ERROR:

paint: $(VENV)/.installed
	$(BIN)/sfumato paint

test: $(VENV)/.installed-for-tests
	scripts/check

quick: $(VENV)/.installed-for-tests
	scripts/check quick

types: $(VENV)/.installed-for-tests
	$(BIN)/basedpyright --warnings

# All benchmarks run, even after one without a result.
bench: $(VENV)/.installed-for-bench
	@failed=; for name in online_vs_replica ceilings share_of_products fused_vs_peers concurrent_vs_eager flushed speedrun_profile paint_command components_vs_eager; do \
		echo "== benchmarks/$$name.py"; $(BIN)/python benchmarks/$$name.py || failed="$$failed $$name"; \
	done; [ -z "$$failed" ] || { echo "no result, or not all:$$failed" >&2; exit 1; }

gallery: $(VENV)/.installed-for-tests
	scripts/gallery

# Rows that are measured are kept; STEPS=0: all steps of each experiment.
PICTURES ?= kodim01
STEPS ?= 100
fidelity: $(VENV)/.installed-for-bench
	$(BIN)/python benchmarks/fidelity.py $(PICTURES) --steps $(STEPS) $(addprefix --only ,$(ONLY)) --page

format: $(VENV)/.installed-for-tests
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Sfumato needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 ..." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Sfumato and its dependencies into $(VENV) (a minute or two, once) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

# One installation for Sfumato and its tests: a second one would resolve all packages again.
$(VENV)/.installed-for-tests: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Sfumato and the packages for its tests into $(VENV) (a few minutes, once) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $(VENV)/.installed $@

$(VENV)/.installed-for-bench: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing Sfumato and the packages for its benchmarks into $(VENV) (a few minutes, once) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	@touch $(VENV)/.installed $@
