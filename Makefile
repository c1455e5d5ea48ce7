# Repazoo: everything a developer runs. CI runs the same targets (see .ci/run).
# Needed: Go, make and git. The tests bring their own servers: see tools/testenv.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c

FUZZTIME ?= 20s
TESTENV   = go run ./tools/testenv --
# The checkers are pinned in a module of their own, so that they choose no version for the program.
TOOL      = go tool -modfile=tools/lint/go.mod

.DEFAULT_GOAL := help
.PHONY: help build run test check vet format lint vuln bench fuzz generate clean assets

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## Build ./bin/repazoo
	go build -trimpath -o bin/repazoo ./cmd/repazoo

run: build ## Build and serve on http://127.0.0.1:8000 with nothing configured
	./bin/repazoo serve

test: ## Run every test with the race detector, on private PostgreSQL and Redis servers
	$(TESTENV) go test -race ./...

check: format vet lint vuln ## Run every checker; the secret scan and the import table are tests

format: ## Fail when a file is not formatted
	@files=$$(gofmt -l cmd internal tools 2>/dev/null); \
	if [ -n "$$files" ]; then echo "not gofmt-clean, run gofmt -w on:" $$files; exit 1; fi

vet: ## go vet
	go vet ./...

lint: ## golangci-lint with .golangci.yml
	$(TOOL) golangci-lint run ./...

vuln: ## Look for known vulnerabilities in what is called (needs the network)
	@.ci/vuln

bench: ## Run the benchmarks
	$(TESTENV) go test -run '^$$' -bench . -benchmem ./...

fuzz: ## Run each fuzz target for FUZZTIME (20s)
	@for package in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "$$package $$target"; \
	    $(TESTENV) go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$package; \
	  done; \
	done

generate: ## Write the files that are made from the code (docs/configuration.md, .env.example)
	go generate ./...

assets: ## Fetch the documentation pages' scripts with npm
	@echo "There are no assets to fetch yet."

clean: ## Remove what was built
	rm -rf bin coverage.out
