# What each target does is in the script it calls; `make` alone prints the list.
SHELL := /bin/bash
.DEFAULT_GOAL := help
CHAOS_MINUTES ?= 10
.PHONY: chaos help run demo test valkey interop deploy-check package load bench bench-guard scaling soak lint fuzz sanitize

help: ## print this list
	@echo 'Portcullis. Targets:'
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## build, then run Redis, a demo backend and the gateway until Ctrl-C
	@deploy/demo/run.sh

demo: ## the same set-up, and a scripted login, call, refresh, logout, refused call
	@deploy/demo/demo.sh

test: ## build and run every test
	@deploy/demo/test.sh

valkey: ## run the tests that want a Redis against a Valkey
	@deploy/demo/valkey.sh

interop: ## run clients and services of other people against the gateway
	@deploy/demo/interop.sh

deploy-check: ## check what deploy/ has: examples, containers, Kubernetes, unit, alerts, dashboard, package
	@deploy/demo/check-deploy.sh

package: ## a tarball and a Debian package: program, unit, examples, licences (release build of its own)
	@deploy/package.sh

load: ## attacks and loads that must be borne, each with a figure (release build)
	@bench/run.sh load

BENCH_ARGUMENTS ?=
bench: ## compare with nginx, HAProxy, Envoy and FastAPI: table, JSON and chart in bench/results
	@bench/run.sh bench $(BENCH_ARGUMENTS)

scaling: ## four gateways and a Redis Cluster against the model of docs/SCALING.md
	@bench/run.sh scaling

bench-guard: ## allocations, memory and instructions of heads, tokens and the deny-list, against limits (release build, valgrind)
	@bench/guard.sh

MINUTES ?= 10
soak: ## MINUTES=10 of full load, leaving clients, dying backends and Redis: nothing lost, mixed up or leaked
	@bench/run.sh soak --minutes $(MINUTES)

chaos: ## CHAOS_MINUTES=10 of faults while clients revoke and check; CHAOS_SEED=… repeats the choices of a run
	@deploy/demo/chaos.sh $(CHAOS_MINUTES)

lint: ## check formatting, shell scripts, and which part imports what
	@deploy/demo/lint.sh

fuzz: ## fuzz the parsers for a minute (FUZZ_SECONDS for each)
	@deploy/demo/fuzz.sh

sanitize: ## run the tests under the thread and the address sanitizer
	@deploy/demo/sanitize.sh
