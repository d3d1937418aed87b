# Needs nothing but make and Python 3.11 or later; another one is chosen by make PYTHON=python3.12 …
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CORE := $(VENV)/.core

.PHONY: setup demo test faults check bench bench-quick lock clean

setup: $(READY) $(CORE)

demo: setup
	$(BIN)/salespulse demo

test: setup
	$(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder
	SALESPULSE_PURE=1 $(BIN)/pytest --numprocesses 3 --dist loadfile tests/streams

# The long campaign, 20 minutes: make faults FAULTS="--minutes 5 --only disk" for a part of it.
faults: setup
	$(BIN)/python -m tests.faults $(FAULTS)

check: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/salespulse render --check
	@$(BIN)/python -c "from schemas.compiled import state; print('the core is', state())"

# Long, and alone on the machine: everything, the peers with 1,000,000 events three times.
bench: setup
	$(BIN)/python -m benchmarks

# Minutes: this pipeline and its peers on the same 100,000 events, once.
bench-quick: setup
	$(BIN)/python -m benchmarks.peers --events 100000 --runs 1

# Only a change of dependencies asks for this; it is the one target that needs uv.
lock:
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --custom-compile-command "make lock" --group dev pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-emit-find-links --custom-compile-command "make lock" --group compiler -o compiler.lock
	for peers in quix-bytewax flink; do uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
		benchmarks/peers/$$peers.in -o benchmarks/peers/$$peers.lock || exit 1; done

clean:
	rm -rf $(VENV) .compiled .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) not found: Python 3.11 or later is needed" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or later is needed, $(PYTHON) is `$(PYTHON) --version 2>&1`: try make PYTHON=python3.12" >&2; exit 1; }
	@echo "installing into $(VENV), once: a minute or two"
	@$(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) has no venv (Debian: apt-get install python3-venv)" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The hot modules as native code, whenever a source changed; where that cannot be they run as plain Python.
$(CORE): $(READY) $(wildcard schemas/*.py schemas/*/*.py schemas/*/*/*.py streams/*.py agents/*.py agents/*/*.py)
	@command -v cc >/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r compiler.lock
	@echo "compiling the core: a minute"
	@$(BIN)/python -m deploy.compiling
	@touch $@
