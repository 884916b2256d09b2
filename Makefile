# make setup   build .venv from requirements.lock (the other targets do it when needed)
# make demo    transcribe a recorded telephone conversation; speak a dialogue and transcribe it
# make check   lint, types, dependencies, prose, generated files, lock
# make test    the default tests, on two cores
# make docs    regenerate docs/cli.md and the typed keyword arguments
# make bench   the benchmarks
.PHONY: setup demo test check docs bench lock clean
BIN := .venv/bin

setup: .venv/.built-from

.venv/.built-from: requirements.lock pyproject.toml tools/setup.sh
	@tools/setup.sh

demo: setup
	@$(BIN)/python -m tools.demo

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/deptry src
	$(BIN)/python -m tools.prose
	$(BIN)/python -m tools.generate --check
	$(BIN)/python tools/lock.py --check

test: setup
	$(BIN)/python -m pytest -n 2 --dist loadfile

docs: setup
	$(BIN)/python -m tools.generate

bench: setup
	$(BIN)/python -m benchmarks.accuracy
	$(BIN)/python -m benchmarks.attribution
	$(BIN)/python -m benchmarks.speed
	$(BIN)/python -m benchmarks.memory
	$(BIN)/python -m benchmarks.overhead
	$(BIN)/python -m benchmarks.subtitles
	$(BIN)/python -m benchmarks.speech
	$(BIN)/python -m benchmarks.conversation
	$(BIN)/python -m benchmarks.translation
	$(BIN)/python -m benchmarks.compare
	$(BIN)/python -m benchmarks.judge
	$(BIN)/python -m benchmarks.clone

lock: setup
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tools/lock.py

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
