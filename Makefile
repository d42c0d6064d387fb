# Two words are enough: `make show` runs a show, `make test` passes the tests. Both do all set-up themselves.
.DEFAULT_GOAL := help
.PHONY: help show test check format mind clean

BIN := .venv/bin
SHOW ?= lumi
ARGS ?=

help: ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 10

show: ## a live show on this machine; prints the page's address (ARGS="--port 9000" ...)
	@scripts/setup.sh run
	@$(BIN)/limelight show $(SHOW) $(ARGS)

test: ## every test
	@scripts/setup.sh test
	@scripts/test.sh $(ARGS)

check: ## ruff, mypy, format
	@scripts/setup.sh test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: ## put the code into its format
	@scripts/setup.sh test
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

mind: ## install torch and transformers, for characters with a language model of their own
	@scripts/setup.sh mind

clean: ## remove what set-up made
	rm -rf .venv build dist *.egg-info
