# Every target sets up `.venv` by itself. Logic lives in the Python files under tools/, never here.

PYTHON ?= python3
VENV ?= .venv
RUN := $(VENV)/bin/python
export VENV

.DEFAULT_GOAL := help
.PHONY: help environment demo demo-server ui-demo ui-screenshots test check fmt differential crash bench docs verify generate conformance

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

environment:
	@$(PYTHON) tools/environment.py

demo: environment ## run the node provisioner, a program with the engine in itself, killed in the middle
	@$(RUN) examples/node_provisioner/demo.py

demo-server: environment ## the same with a worker and a server, both killed in the middle
	@$(RUN) examples/node_provisioner/demo.py --server

ui-demo: environment ## a lively example world, and the web UI on it [ARGS=8233]
	@$(RUN) -m tools.ui_demo $(ARGS)

ui-screenshots: environment ## photograph each screen of the web UI, light and dark, into docs/images
	@$(RUN) -m tools.ui_demo.screenshots $(ARGS)

test: environment ## run all tests and say what was skipped [KIND=crash] [ARGS="-k timer"]
	@$(RUN) tools/run_tests.py $(or $(KIND),all) $(ARGS)

check: environment ## format, lint, types, house rules: under a minute
	@$(RUN) tools/check.py

fmt: environment ## put all code into the one format and sort its imports
	@$(RUN) -m ruff check --quiet --select I --fix .
	@$(RUN) -m ruff format .

differential: environment ## run each scenario on the real server and on Mainspring, and compare [ARGS=...]
	@$(RUN) tools/run_tests.py differential $(ARGS)

crash: environment ## kill a server, and a program, at random moments under load [KILLS=200]
	@KILLS=$(or $(KILLS),200) $(RUN) tools/run_tests.py crash $(ARGS)

bench: environment ## run the benchmarks, against a peer in the same run [ITERATIONS=1]
	@$(RUN) tools/run_benchmarks.py

docs: environment ## check that the code of the documentation runs and its links lead somewhere
	@$(RUN) tools/run_tests.py docs $(ARGS)

verify: environment ## check that generated pages are fresh
	@$(RUN) tools/generate.py --check

generate: environment ## write the generated pages anew
	@$(RUN) tools/generate.py

conformance: environment ## run the official Python SDK's own tests on Mainspring SUITE=path/to/sdk-python
	@$(RUN) tools/conformance.py $(SUITE) $(ARGS)
