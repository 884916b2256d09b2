# make demo    install (without PyTorch if there is no NVIDIA driver); transcribe a recording, speak a dialogue
# make setup   install everything, for GPUs, Chatterbox, pyannote.audio and the tests
# make check   lint, types, dependencies, prose, generated files, locks
# make test    the default tests, on two cores
# make docs    regenerate docs/cli.md, the stored --help and the typed keyword arguments
# make bench   the benchmarks
.PHONY: demo setup test check docs bench lock clean
BIN := .venv/bin

demo:
	@tools/setup.sh auto
	@$(BIN)/python -m tools.demo

setup:
	@tools/setup.sh full

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
	$(BIN)/python -m benchmarks.first_result

lock: setup
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tools/lock.py

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
