# Repazoo: everything a developer runs. CI runs the same targets (see .ci/run).
# Needed: Go, make and git. The tests bring their own servers: see tools/testenv.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c

FUZZTIME ?= 20s
TESTENV   = go run ./tools/testenv --

# A test binary without symbols links in half the time, and make lint vets what go test would vet again.
FAST     := -vet=off -ldflags='-s -w'

# A test that waits for a job, a retry or a server leaves its processor to another, so four run at once even on two.
PARALLEL  = -parallel $$(n=$$(getconf _NPROCESSORS_ONLN); echo $$((n > 4 ? n : 4)))

# What others wrote that computes and shares nothing is not looked at for races, and three times faster then: SQLite's
# C, translated to Go, its memory, and the tests' checker of JSON against schemas. A package with generics of sync
# cannot be left out so: the linker may take its copy of them for everybody, and then finds races where none are.
# A process that has ended does not wait another second for reports of races that come late.
NORACE   := -race=false -d=checkptr=0
RACE     := -race "-gcflags=modernc.org/sqlite/lib=$(NORACE)" "-gcflags=modernc.org/memory=$(NORACE)" \
	"-gcflags=modernc.org/libc=-d=checkptr=0" "-gcflags=github.com/santhosh-tekuri/jsonschema/v6=$(NORACE)"
export GORACE := atexit_sleep_ms=0

# make test runs the services on both databases; races between them are looked for on PostgreSQL, where
# transactions really meet. What internal/db itself does is looked at on both: dbtest.Each names its tests otherwise.
# Tests that compile and start the programs of the guides are left to make test, too.
ONE      := -skip '/^sqlite$$|/./^sqlite$$|^Test(Guide|ClientDoc)_'

# The tests that drive a browser are a target of their own.
BROWSER  := ./internal/browser
TESTED    = $$(go list ./... | grep -v /internal/browser$$)

# What can race is what starts goroutines or locks: packages whose files, tests aside, say so. What is made once
# (sync.OnceValue) and then only read cannot.
RACING    = $$(grep -rlE '^[^/]*(\bgo func|\bgo [a-zA-Z_.]+\(|sync\.(Mutex|RWMutex|WaitGroup|Map|Pool|Cond|Once)\b|atomic\.|errgroup\.|singleflight\.)' internal \
	--include='*.go' --exclude='*_test.go' | grep -v test/ | xargs -n1 dirname | sort -u | sed 's,^,./,')

# The viewers of the documentation pages come from npm; without npm the program builds without them.
DOCS     := internal/httpapi/docs
FETCHED  := $(DOCS)/vendor/.packed

# So does the type of PDF reports; without it they are set in the Go font, and say so.
FONTS    := internal/typeset/fonts
PACKED   := $(FONTS)/packed/.packed

# Tags of every build. grpcnotrace leaves out a debugging page whose templates keep the linker from dropping
# unused code.
TAGS     := grpcnotrace

# Everything is compiled with -trimpath, as the program is: what the checks and the tests compile is not compiled
# again for it.
export GOFLAGS := $(GOFLAGS) -tags=$(TAGS) -trimpath

# Without C the program needs no library of the system, and runs in an empty image. Only the race detector is C.
export CGO_ENABLED := 0

.DEFAULT_GOAL := help
.PHONY: help build run test race browser check format lint vuln bench load fuzz generate clean assets viewers fonts type typescript typed limits image image-check sbom deploy-check

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The commit that "repazoo version" tells, with -dirty when files were changed; in a tarball it stands in a file.
COMMIT   ?= $(shell git describe --always --dirty --abbrev=40 --exclude='*' 2>/dev/null)

build: viewers type ## Build ./bin/repazoo
	go build -ldflags '-s -w -X github.com/repazoo/repazoo/internal/app.linkedCommit=$(COMMIT)' -o bin/repazoo ./cmd/repazoo

# Podman and buildah drop the check of health from an image unless its format is Docker's.
ENGINE   ?= docker
FORMAT    = $(if $(filter docker,$(notdir $(ENGINE))),,--format docker)

image: ## Build the image repazoo:latest with ENGINE (docker, podman, buildah)
	$(ENGINE) build $(FORMAT) --build-arg VERSION=$$(cat internal/app/version.txt) --build-arg COMMIT=$(COMMIT) -t repazoo:latest .

run: build ## Build and serve on http://127.0.0.1:8000 with nothing configured
	./bin/repazoo serve

test: viewers type typed ## Run every test but the browser's, on private PostgreSQL and Redis servers
	$(TESTENV) go test $(FAST) $(PARALLEL) -timeout 10m $(TESTED)

race: ## Run the tests of every package with goroutines or locks of its own with the race detector
	$(TESTENV) env CGO_ENABLED=1 go test $(FAST) $(RACE) $(ONE) $(PARALLEL) -timeout 15m $(RACING)

browser: assets ## Run the tests of a person at a browser (needs npm)
	$(TESTENV) go test $(FAST) -timeout 10m $(BROWSER)

check: format lint ## Run every checker; the secret scan and the import table are tests

format: ## Fail when a file is not formatted
	@files=$$(gofmt -l bench client cmd internal tools 2>/dev/null); \
	if [ -n "$$files" ]; then echo "not gofmt-clean, run gofmt -w on:" $$files; exit 1; fi

# lint reads the packages that make test has compiled, or will: no flag may differ.
lint: bin/lint bin/gofumpt ## Run the analyzers of go vet and of tools/lint
	go vet -vettool=bin/lint ./...
	@files=$$(git ls-files '*.go' | grep -v -e '_templ\.go$$' -e '\.gen\.go$$' | xargs bin/gofumpt -l); \
	if [ -n "$$files" ]; then echo "run bin/gofumpt -w on:" $$files; exit 1; fi

vuln: bin/govulncheck ## Look for known vulnerabilities in what is called, where the data can be had
	@if report=$$(bin/govulncheck ./... 2>&1); then echo "$$report"; \
	elif grep -q 'vuln\.go\.dev' <<<"$$report"; then \
	  echo "govulncheck: the list of vulnerabilities cannot be fetched here, so nothing was checked."; \
	else echo "$$report"; exit 1; fi

# The checkers are pinned in a module of their own, so that they choose no
# version for the program.
bin/lint: tools/lint/go.mod $(wildcard tools/lint/*.go)
	go build -C tools/lint -o ../../$@ .

bin/gofumpt: tools/lint/go.mod
	go build -C tools/lint -o ../../$@ mvdan.cc/gofumpt

bin/govulncheck: tools/lint/go.mod
	go build -C tools/lint -o ../../$@ golang.org/x/vuln/cmd/govulncheck

bench: ## Run the benchmarks
	$(TESTENV) go test -run '^$$' -bench . -benchmem ./...

load: ## Measure the running program against bench/floor (see bench/README.md)
	go run ./tools/testenv --durable -- go run ./bench/load --seconds 6

limits: ## Count what the rate limits let through, exactly, on the running program (see bench/README.md)
	go run ./tools/testenv -- go run ./bench/load --limits

fuzz: ## Run each fuzz target for FUZZTIME (20s)
	@for package in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "$$package $$target"; \
	    $(TESTENV) go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$package; \
	  done; \
	done

generate: ## Write the files that are made from the code (configuration docs, the Go client)
	go generate ./...

assets: $(FETCHED) ## Fetch the documentation pages' scripts with npm

$(FETCHED): $(DOCS)/package-lock.json
	cd $(DOCS) && npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-timeout=30000
	cd $(DOCS)/node_modules && cp swagger-ui-dist/swagger-ui.css swagger-ui-dist/swagger-ui-bundle.js swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt \
	  redoc/bundles/redoc.standalone.js redoc/bundles/redoc.standalone.js.LICENSE.txt ../vendor/
	cp $(DOCS)/node_modules/swagger-ui-dist/LICENSE $(DOCS)/vendor/swagger-ui.LICENSE.txt
	cp $(DOCS)/node_modules/redoc/LICENSE $(DOCS)/vendor/redoc.LICENSE.txt
	sed -i.orig 's#https://cdn.redoc.ly/redoc/logo-mini.svg#data:,#' $(DOCS)/vendor/redoc.standalone.js # asks no other host
	rm $(DOCS)/vendor/redoc.standalone.js.orig
	gzip -9nf $(DOCS)/vendor/*.js $(DOCS)/vendor/*.css $(DOCS)/vendor/*.txt # a quarter of the size in the program
	touch $@

# What a build wants of the assets: it goes on without them.
viewers:
	@if ! command -v npm >/dev/null; then echo "npm is not installed: /docs and /redoc will only say so."; \
	else $(MAKE) --no-print-directory assets || echo "The assets could not be fetched: /docs and /redoc will only say so."; fi

fonts: $(PACKED) ## Fetch the fonts of PDF reports with npm, and pack them

$(PACKED): $(FONTS)/package-lock.json $(wildcard tools/fonts/*.go)
	$(MAKE) --no-print-directory fonts-fetched
	go run -C tools/fonts . $(CURDIR)/$(FONTS)
	touch $@

# What makes and checks the API's types for TypeScript. Only tests want it, and say so where it is missing.
TYPES    := client/typescript

typescript: $(TYPES)/node_modules/.package-lock.json ## Fetch TypeScript's compiler with npm, for the API's types

$(TYPES)/node_modules/.package-lock.json: $(TYPES)/package-lock.json
	cd $(TYPES) && npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-timeout=30000
	touch $@

typed:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory typescript || true; fi

# The image is built in two steps, because the one that has npm has no Go.
.PHONY: fonts-fetched
fonts-fetched:
	cd $(FONTS) && npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-timeout=30000

# What a build wants of the fonts: it goes on without them.
type:
	@if ! command -v npm >/dev/null; then echo "npm is not installed: PDF reports will hold Latin, Greek and Cyrillic only, and say so."; \
	else $(MAKE) --no-print-directory fonts || \
	  echo "The fonts could not be fetched: PDF reports will hold Latin, Greek and Cyrillic only, and say so."; fi

# Compose files, manifests, the unit and the proxies' files, each read by what will read it (see tools/deploycheck).
# With DEPLOYCHECK=--all a program that is not installed is a mistake.
deploy-check: build ## Check everything in deploy/
	go -C tools/deploycheck run . --program $(CURDIR)/bin/repazoo $(DEPLOYCHECK) $(CURDIR)

sbom: build ## Write what ./bin/repazoo is made of, and the licence of every part, into bin/materials
	go run -C tools/sbom . --program $(CURDIR)/bin/repazoo --source $(CURDIR) --out $(CURDIR)/bin/materials

image-check: ## Build the image with buildah, run it without an engine and drive it (Linux, root)
	tools/imagecheck/run $(TWICE)

clean: ## Remove what was built
	rm -rf bin coverage.out
