# The front door. `make` alone lists what it can do.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
ENVIRONMENT ?= sandbox
PREFECT_PORT ?= 4200
SANDBOX_OPTIONS ?=

BIN := .venv/bin
READY := .venv/.ready
LOCAL := PREFECT_PORT=$(PREFECT_PORT) $(BIN)/python scripts/local.py
# The sandbox's variables point every tool at it; a real environment brings its own.
# A sandbox that is down ends the command here: it must never go on with your own credentials.
IN_SANDBOX := sandbox=$$($(BIN)/python -m sandbox env) && eval "$$sandbox" && \
  prefect=$$($(LOCAL) env) && eval "$$prefect" &&
WITH_SERVER := prefect=$$($(LOCAL) env --running) && eval "$$prefect" &&
ENTER := $(if $(filter sandbox,$(ENVIRONMENT)),$(IN_SANDBOX),$(WITH_SERVER))

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(READY) ## Create .venv with exactly what requirements.lock says

$(READY): requirements.lock pyproject.toml sandbox/engines/postgresql/package-lock.json
	@PYTHON=$(PYTHON) scripts/setup.sh
	@touch $@

.PHONY: demo
demo: up ## Everything: sandbox, Prefect server, a full deploy, its report, the UI's address
	@$(IN_SANDBOX) $(BIN)/python -m flows deploy --environment sandbox
	@$(LOCAL) show

.PHONY: up
up: $(READY) ## Start the sandbox, the Prefect server and a worker; leave them running
	@scripts/prerequisites.sh
	@$(BIN)/python -m sandbox status > /dev/null 2>&1 || \
	  $(BIN)/python -m sandbox up $(SANDBOX_OPTIONS) > /dev/null
	@sandbox=$$($(BIN)/python -m sandbox env) && eval "$$sandbox" && $(LOCAL) up

.PHONY: down
down: ## Stop what `make up` started; what it built stays in .sandbox and .work
	@test ! -x $(BIN)/python || $(LOCAL) down
	@test ! -x $(BIN)/python || $(BIN)/python -m sandbox down

.PHONY: deploy destroy leaks plan preflight verify
deploy: $(READY) ## Deploy ENVIRONMENT (default sandbox)
	@$(ENTER) $(BIN)/python -m flows deploy --environment $(ENVIRONMENT)
plan: $(READY) ## Show what a deploy of ENVIRONMENT would do; change nothing
	@$(ENTER) $(BIN)/python -m flows deploy --plan --environment $(ENVIRONMENT) || test $$? = 3
destroy: $(READY) ## Show what would go, ask, and remove ENVIRONMENT
	@$(ENTER) $(BIN)/python -m flows destroy --environment $(ENVIRONMENT)
preflight: $(READY) ## Check that ENVIRONMENT can be deployed; change nothing
	@$(ENTER) $(BIN)/python -m flows preflight --environment $(ENVIRONMENT)
verify: $(READY) ## Smoke-test ENVIRONMENT
	@$(ENTER) $(BIN)/python -m flows verify --environment $(ENVIRONMENT)

leaks: $(READY) ## Look for the values of ENVIRONMENT's vault in files, logs, databases and command lines
	@$(ENTER) $(BIN)/python scripts/leak_scan.py --environment $(ENVIRONMENT) \
	  $(if $(filter sandbox,$(ENVIRONMENT)),$(wildcard .sandbox/*.log .sandbox/requests.jsonl*))

.PHONY: register automations
register: $(READY) ## Bring Prefect's pools, deployments and automations to what the files say
	@$(WITH_SERVER) $(BIN)/python -m flows register
automations: register ## The same: automations come with all the rest

.PHONY: image
image: ## Build the worker image (needs Docker)
	scripts/image.sh supabase-on-azure-worker:latest

.PHONY: test
test: $(READY) ## Every test
	@$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

.PHONY: test-long
test-long: $(READY) ## Tests of minutes each, for promises that `make test` proves in parts
	@$(BIN)/python -m pytest -m long --numprocesses 2 --dist loadfile

.PHONY: unit
unit: $(READY) ## The tests that take seconds
	@$(BIN)/python -m pytest tests/unit

.PHONY: check
check: $(READY) ## Lint, types, import contracts, Terraform, charts, generated pages, security
	@echo "ruff" && $(BIN)/ruff check . && $(BIN)/ruff format --check .
	@echo "mypy" && $(BIN)/mypy
	@echo "import contracts" && PATH=$(BIN):$$PATH $(BIN)/lint-imports --no-cache > .lint-imports.log || \
	  (cat .lint-imports.log; exit 1); rm -f .lint-imports.log
	@echo "terraform" && $(BIN)/python scripts/check_terraform.py
	@echo "charts" && $(BIN)/python scripts/check_charts.py
	@echo "generated pages and pictures" && $(BIN)/python scripts/module_docs.py && \
	  $(BIN)/python scripts/resource_graph.py
	@echo "security" && $(BIN)/python scripts/check_security.py
	@echo "pipelines and the worker image" && $(BIN)/python scripts/check_workflows.py && \
	  $(BIN)/python scripts/worker_lock.py

.PHONY: bench
bench: $(READY) ## Measure what the project claims about speed
	@$(BIN)/python scripts/bench.py

.PHONY: bench-rotation
bench-rotation: $(READY) ## Rotate everything while clients go on asking, and count what they meet
	@$(BIN)/python -m pytest -q -s -m long tests/flows/test_rotate_under_load.py

.PHONY: lock
lock: ## Renew requirements.lock (needs uv), then smoke-test the fresh resolve
	uv pip compile pyproject.toml --universal --python-version 3.11 --extra sandbox --extra dev \
	  --generate-hashes --no-emit-index-url --no-header --no-annotate --upgrade -q -o requirements.lock
	$(MAKE) setup
	$(BIN)/python scripts/worker_lock.py --write
	$(BIN)/python -c "import prefect.server.api.server"

.PHONY: clean
clean: down ## Remove what the sandbox and the demo left, and .venv; no other environment's state
	rm -rf .sandbox .work/sandbox .work/prefect .venv .mypy_cache .ruff_cache .pytest_cache *.egg-info
