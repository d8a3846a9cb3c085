# Recapito. `make demo` shows it at work, `make test` passes every check; `make help` lists the rest.
SHELL := /bin/bash
PYTHON := .venv/bin/python
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help setup demo run test lint types rules format unit integration e2e chart chart-tools chart-readme servers requirements bench images compose-test land-contract clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: ## .venv with all tools, and the generated code of protos/
	@deploy/setup.sh dev

demo: ## everything in one process, with sample data: http://localhost:8080
	@deploy/setup.sh embedded
	@exec .venv/bin/recapito demo

run: ## the same, empty: the first start prints a link that makes the administrator
	@deploy/setup.sh embedded
	@exec .venv/bin/recapito run

chart: setup chart-tools ## every check of the chart, the alerts and the images' files
	@deploy/setup.sh programs
	@$(PYTHON) -m pytest tests/chart tests/ops

chart-tools: setup
	@deploy/setup.sh chart

chart-readme: ## writes the table of values into the chart's README
	@$(PYTHON) helm/readme.py

servers: ## PostgreSQL, RabbitMQ, Chromium and promtool for the tests, from Debian's packages
	@deploy/setup.sh servers

test: setup ## the checks, then all tests, on private servers
	@$(MAKE) --no-print-directory -j 2 --output-sync types rules servers chart-tools
	@$(PYTHON) -m tests.servers -- $(PYTHON) -m pytest -n $(WORKERS) --dist worksteal

lint: setup ## formatting, rules, types, imports, dependencies, the contract
	@$(MAKE) --no-print-directory -j 2 --output-sync types rules

types: setup
	@.venv/bin/mypy --no-error-summary

rules: setup
	@.venv/bin/ruff format --check -q .
	@.venv/bin/ruff check -q .
	@.venv/bin/lint-imports --no-logo 2>&1 | tail -n 15; exit $${PIPESTATUS[0]}
	@.venv/bin/deptry . 2>&1 | tail -n 20; exit $${PIPESTATUS[0]}
	@.venv/bin/buf lint protos/recapito/descriptors.binpb --path recapito --config protos/buf.yaml
	@.venv/bin/buf breaking protos/recapito/descriptors.binpb --path recapito --config protos/buf.yaml --against protos/landed.binpb
	@$(PYTHON) protos/check.py

format: setup ## formats and mends what can be mended
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

unit: setup ## fast tests, no servers
	@$(PYTHON) -m pytest tests/unit

integration: setup servers ## one service at a time on real servers
	@$(PYTHON) -m tests.servers -- $(PYTHON) -m pytest tests/integration

e2e: setup servers ## whole stories, in both ways of running
	@$(PYTHON) -m tests.servers -- $(PYTHON) -m pytest tests/e2e

requirements: setup ## which requirements the last test run proved
	@$(PYTHON) -m tests.report_requirements

bench: setup servers ## speed, beside the raw limit of the same steps: bench.json
	@$(PYTHON) -m tests.servers -- $(PYTHON) -m tests.bench

images: ## an image for each service: IMAGE_PREFIX, VERSION, PYTHON_IMAGE and DOCKER say how; build/ gets what is in them
	@deploy/setup.sh images
	@.venv/bin/hadolint deploy/Dockerfile
	@deploy/images.sh

compose-test: setup ## the images under deploy/compose.yaml: one story, then a restart of every service under load
	@COMPOSE="$${COMPOSE:-docker compose}" $(PYTHON) -m pytest -s tests/compose

land-contract: setup ## makes today's contract the one that `make lint` protects
	@.venv/bin/buf build protos/recapito/descriptors.binpb --exclude-source-info -o protos/landed.binpb

clean: ## everything that was made here
	@rm -rf .venv .recapito build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
