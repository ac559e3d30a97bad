# Thin: every target is one command a person could type. Needs python3 (>= 3.11); everything else is fetched at a pin.
.PHONY: demo test test-fast test-full test-real test-real-sample check score bench tools lock chart-repo chart-docs wheel
.DEFAULT_GOAL := test

PY := .venv/bin/python
export UV_PYTHON_DOWNLOADS := never
# A start takes twice as long when every module is compiled again; empty means "write it".
export PYTHONDONTWRITEBYTECODE :=

# A venv whose uv is pinned builds the rest from the lock, so two machines get the same packages. The locks are lists
# of versions and hashes without addresses: they work with whatever index the machine is set up for.
PIP_LOCKED := -m pip install --quiet --disable-pip-version-check --only-binary=:all: --require-hashes
.venv/.synced: pyproject.toml requirements.lock requirements-uv.lock
	@test -x $(PY) || python3 -m venv .venv
	@test -x .venv/bin/uv || $(PY) $(PIP_LOCKED) -r requirements-uv.lock
	@VIRTUAL_ENV=$(CURDIR)/.venv .venv/bin/uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock
	@VIRTUAL_ENV=$(CURDIR)/.venv .venv/bin/uv pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

.venv: .venv/.synced

tools: .venv/.synced
	$(PY) -m wizard.sandbox.toolchain

demo: tools
	$(PY) -m wizard.demo

test: tools
	$(PY) -m pytest -n 2 --dist loadgroup -m "not full and not real"

# While one works: no tool is built and no sandbox started.
NEED_TOOLS := tests/chart tests/e2e tests/guide tests/realnode
test-fast: .venv/.synced
	$(PY) -m pytest -n 2 --dist loadgroup -m "not full and not real and not e2e and not tools" $(NEED_TOOLS:%=--ignore=%)

test-full: tools
	$(PY) -m pytest -n 2 --dist loadgroup -m "not real"

# Containers for real: Linux and root; the first line says in one sentence why it cannot run elsewhere.
test-real: tools
	$(PY) -m tests.realnode build cert-manager traefik metrics-server
	$(PY) -m pytest tests/realnode -n 2 --dist loadgroup -m "real and not alone"
	$(PY) -m pytest tests/realnode -n 1 --dist loadgroup -m "real and alone"

# On helm 4; what guards the data on both. Of the way in only cert-manager: Traefik takes longer to build than CI should.
test-real-sample: tools
	$(PY) -m tests.realnode build cert-manager
	$(PY) -m pytest tests/realnode -n 2 --dist loadgroup -m "real and sample" -k "helm4 or data_guard"

check: .venv/.synced
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache

score: .venv/.synced
	$(PY) -m tests.diagnosis

bench: tools
	$(PY) -m bench

# SIGN=NAME KEYRING=FILE signs; PASSPHRASE_FILE=FILE where the key has a passphrase. PUSH=oci://HOST/PATH pushes to a registry too,
# with the login of `helm registry login`; PLAIN_HTTP=1 for one without TLS on this machine.
chart-repo: tools
	$(PY) -m release.chart_repo $(if $(SIGN),--sign "$$SIGN" --keyring "$$KEYRING") $(if $(PASSPHRASE_FILE),--passphrase-file "$$PASSPHRASE_FILE") \
	  $(if $(PUSH),--push "$$PUSH") $(if $(PLAIN_HTTP),--plain-http)

wheel: .venv/.synced
	$(PY) -m release.wheel

COMPILE := .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11
lock: .venv/.synced
	$(COMPILE) --group dev pyproject.toml -o requirements.lock
	$(COMPILE) --group uv -o requirements-uv.lock
	$(COMPILE) --group go -o wizard/sandbox/go.lock
	$(COMPILE) --fork-strategy fewest --group checkov -o tests/chart/modules/checkov.lock
	$(COMPILE) --group k8s-sre-agent -o bench/modules/k8s-sre-agent.lock

chart-docs: .venv/.synced
	$(PY) -m release.chart_docs
