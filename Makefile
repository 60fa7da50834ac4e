# The README's two commands are `make demo` and `make test`. Every target sets up what it needs;
# the first time that takes minutes, later no time.
PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3.11)
BIN := .venv/bin
setup = $(PYTHON) scripts/setup.py
# A participant imports so much that without bytecode each would begin three times as slowly.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test check docs bench assets lock clean

help:
	@echo 'make demo    three people in one room, on this machine (MOTION=a.bvh,b.bvh moves the remote two)'
	@echo 'make test    all tests (T=tests/test_pose_sample.py runs some)'
	@echo 'make check   ruff, mypy, import-linter, and the docs with warnings as errors'
	@echo 'make docs    the documentation, into docs/_build'
	@echo 'make bench   the measurements behind the figures in the docs'
	@echo 'make assets  the people who ship, made anew'
	@echo 'make lock    resolve the locked requirements anew (UPGRADE=1 for newer versions; needs uv)'
	@echo 'make clean   remove what the others made, the virtual environment included'

demo:
	@$(setup) demo
	$(BIN)/presence demo $(if $(MOTION),--motion '$(MOTION)')

test:
	@$(setup) test
ifdef T
	$(BIN)/pytest $(T)
else
# What only computes goes on all cores at once; of what mostly waits, with time to spare, two go
# beside each other; what is timed closely, or is a whole call, has the machine to itself.
	$(BIN)/pytest -m pure -n auto
	$(BIN)/pytest -m patient -n 2
	$(BIN)/pytest -m "not pure and not patient"
endif

check:
	@$(setup) check
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(build_docs)

docs:
	@$(setup) docs
	$(build_docs)

build_docs = $(BIN)/sphinx-build --fail-on-warning --keep-going --quiet docs docs/_build

bench:
	@$(setup) bench
	$(BIN)/presence bench call

assets:
	@$(setup) assets
	$(BIN)/python -m presence.scene.shipped assets

UV ?= uv
compile = $(UV) pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate --constraint requirements/pins.txt \
	$(if $(UPGRADE),--upgrade)

# The largest first, so that the smaller ones can be held to it.
lock:
	$(compile) --extra all --group dev --group judges --output-file requirements/test.txt
	$(compile) --extra all --group dev --constraint requirements/test.txt --output-file requirements/dev.txt
	$(compile) --constraint requirements/test.txt --output-file requirements/base.txt
	$(compile) --extra cluster --constraint requirements/test.txt --output-file requirements/relay.txt

clean:
	rm -rf .venv tests/judges/node_modules out docs/_build docs/api .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
