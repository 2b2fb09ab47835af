# What you can do here. The work is in scripts/; each target sets up what it needs first.
.DEFAULT_GOAL := help
.PHONY: help run install test check soak guest bench fuzz setup

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

run: ## install what is missing, build, and show a whole ceremony (ARGS=--browser: with a real Chromium)
	@scripts/setup.sh $(if $(findstring --browser,$(ARGS)),browser,build)
	@scripts/run.sh $(ARGS)

install: ## build and install `latchkey` into PREFIX/bin (~/.local)
	@scripts/setup.sh build
	@scripts/install.sh "$${PREFIX:-$$HOME/.local}"

test: ## check, then every test, whole ceremonies included (at most 40 minutes on two cores)
	@scripts/setup.sh test
	@scripts/check.sh
	@scripts/test.sh

check: ## format, lints, documentation, bans and licences of dependencies
	@scripts/setup.sh check
	@scripts/check.sh

soak: ## the full counts of the long proofs (hours)
	@scripts/setup.sh test
	@scripts/soak.sh

guest: ## adverts on a real kernel and a real bluetoothd, in a virtual machine
	@scripts/setup.sh guest
	@scripts/guest.sh

bench: ## measure against peers in the same run; the figures are in docs/benchmarks.md
	@scripts/setup.sh bench
	@scripts/bench.sh

fuzz: ## every fuzz target for FUZZ_SECONDS (600)
	@scripts/setup.sh fuzz
	@FUZZ_SECONDS=$${FUZZ_SECONDS:-600} scripts/fuzz.sh

setup: ## install what the tests need, and nothing else
	@scripts/setup.sh test
