# The named tasks of the project. People, hooks and CI call these and nothing else.
#
#   make demo      score the sample photos and write a report          (library only)
#   make test      the whole test suite                                (everything)
#   make lint      format, types, import directions
#   make retrain   dvc repro on a small preset
#   make serve     the service on http://127.0.0.1:8000
#   make bench     side-by-side measurements; each prints a ratio
#   make lock      compile requirements/*.txt again
#
# TORCH_BACKEND=cpu make test   takes uv's CPU build of torch instead of the ordinary one.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
UV_VERSION := 0.13.9
PRESET ?= tiny
TORCH_BACKEND ?=

export VIRTUAL_ENV := $(abspath $(VENV))

ifeq ($(TORCH_BACKEND),)
INSTALL_TORCH = $(UV) pip install -q --require-hashes -r requirements/torch.txt
else
INSTALL_TORCH = $(UV) pip install -q --torch-backend=$(TORCH_BACKEND) -r requirements/torch.in
endif

.PHONY: help
help:
	@sed -n '3,10p' Makefile | sed 's/^# \{0,1\}//'

# ---- environment -------------------------------------------------------------------------------

$(UV):
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV_VERSION)

$(VENV)/.library: $(UV) requirements/base.txt pyproject.toml
	$(UV) pip install -q --require-hashes -r requirements/base.txt -r requirements/build.txt
	$(UV) pip install -q --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.everything: $(VENV)/.library requirements/dev.txt requirements/torch.txt requirements/torch.in
	$(INSTALL_TORCH)
	$(UV) pip install -q --require-hashes --no-deps -r requirements/dev.txt  # the closure, less torch.txt
	touch $@

.PHONY: env face lock
env: $(VENV)/.everything

face: $(VENV)/.library
	$(BIN)/skinscore model pull-face

# ---- what people type --------------------------------------------------------------------------

.PHONY: demo test lint format retrain serve bench docs
demo: face
	$(BIN)/python -m skinscore.cli.demo build/demo

test: env face
	$(BIN)/python -m pytest

lint: env
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: env
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

retrain: env face
	$(BIN)/skinscore train use $(PRESET)
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/dvc repro

serve: env face
	$(BIN)/skinscore serve

bench: env face
	$(BIN)/python -m bench

docs: env
	$(BIN)/python docs/generate.py

# ---- locks: hashed, for every platform, no index address in them ---------------------------------

COMPILE = $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url
TORCH_ONLY = $$(sed -nE 's/^(torch|torchvision|triton|nvidia-[a-z0-9-]+|cuda-[a-z]+)==.*/--no-emit-package \1/p' requirements/torch.txt)

lock: $(UV)
	$(COMPILE) pyproject.toml --all-extras -c requirements/torch.in -o requirements/all.tmp
	$(COMPILE) requirements/torch.in -c requirements/all.tmp -o requirements/torch.txt
	$(COMPILE) pyproject.toml -c requirements/all.tmp -o requirements/base.txt
	echo 'hatchling editables' | tr ' ' '\n' | $(COMPILE) - -c requirements/all.tmp -o requirements/build.txt
	$(COMPILE) pyproject.toml --extra serve -c requirements/all.tmp -o requirements/serve.txt
	$(COMPILE) pyproject.toml --extra train -c requirements/all.tmp $(TORCH_ONLY) -o requirements/train.txt
	$(COMPILE) pyproject.toml --all-extras -c requirements/all.tmp $(TORCH_ONLY) -o requirements/dev.txt
	rm requirements/all.tmp
