# fibonacco: what a developer does here. "make" lists it.

# The product needs no C. The race detector does, and turns this on for itself.
export CGO_ENABLED := 0

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
TOOL    := go tool -modfile=tools/go.mod
TESTENV := go run ./scripts/testenv
ARGS    ?=

# Where goroutines meet: these run a second time under the race detector, whole but for what does one
# thing after another, and takes long.
RACE      := ./db ./queue ./mail/smtp ./mail/domains ./cluster ./notice
RACE_SKIP := TestMigrateDownAndUp
# Of these, the tests in which several do something at once.
RACE_SOME := ./smb ./smb/merge ./smb/imports ./campaign ./campaign/track ./campaign/voicemail ./approval ./approval/booking ./approval/coupons
RACE_RUN  := AtOnce|Once$$|Races|Concurrent|Together|Limit|While|Parallel|Turn|Planners|SendsLeave|ProviderDown|Resumes|Sweep

.PHONY: help
help: ## list what there is to make
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## run the product with sample businesses and a fast clock
	go run ./cmd/fibonacco demo $(ARGS)

.PHONY: build
build: ## build the static binary, bin/fibonacco
	go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/fibonacco ./cmd/fibonacco

##### Checks

.PHONY: test
test: test-all test-race ## run every test on both engines, then the concurrent ones for races

.PHONY: test-all
test-all: ## run every test (PostgreSQL, Redis and Chromium are found or installed)
	$(TESTENV) -- go test -timeout 8m ./...

.PHONY: test-race
test-race: ## run the concurrency-heavy packages under the race detector
ifneq ($(RACE),)
	@set -- $$(go env CC); \
	if command -v "$$1" >/dev/null; then \
		echo "$(TESTENV) --without chromium -- go test -race -timeout 8m $(RACE)"; \
		$(TESTENV) --without chromium -- env CGO_ENABLED=1 go test -race -timeout 8m -skip '$(RACE_SKIP)' $(RACE) && \
		$(TESTENV) --without chromium -- env CGO_ENABLED=1 go test -race -timeout 8m -run '$(RACE_RUN)' $(RACE_SOME); \
	elif [ "$$CI" = true ]; then \
		echo "the race detector needs a C compiler, and there is no $$1" >&2; exit 1; \
	else \
		echo "SKIPPED: the race detector needs a C compiler, and there is no $$1" >&2; \
	fi
endif

.PHONY: lint
lint: lint-shell lint-generated lint-words lint-format lint-modules ## check format, generated code, words, modules, vet and linters
	go vet ./...
	go vet -tags a11y ./cmd/fibonacco
	$(TOOL) golangci-lint run

.PHONY: lint-shell
lint-shell:
	@for script in .ci/* $$(find . -name '*.sh' -not -path './.git/*' -not -path '*/node_modules/*'); do \
		bash -n "$$script" || exit 1; \
	done

# "templ generate -check" deletes generated files that have lost their source; keep them and say so.
.PHONY: lint-generated
lint-generated:
	$(TOOL) templ generate -check -keep-orphaned-files -log-level warn
	@for go in $$(find . -name '*_templ.go' -not -path './.git/*'); do \
		test -f "$${go%_templ.go}.templ" || { echo "$$go: its .templ file is gone"; exit 1; }; \
	done

.PHONY: lint-words
lint-words:
	go -C tools vet ./words
	go -C tools run ./words -root .. -check

.PHONY: lint-format
lint-format:
	@files=$$($(TOOL) gofumpt -l .) || exit 1; \
	test -z "$$files" || { echo "not formatted, run 'make fmt':"; echo "$$files"; exit 1; }

.PHONY: lint-modules
lint-modules:
	go mod tidy -diff
	go -C tools mod tidy -diff

.PHONY: check-client
check-client: ## generate a TypeScript client from the specification, and use it (needs npm)
	go run ./scripts/checkclient

.PHONY: check-a11y
check-a11y: ## hold every page to axe-core (needs npm)
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && cp scripts/checka11y/package.json scripts/checka11y/package-lock.json "$$dir" && \
	(cd "$$dir" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) && \
	FIBONACCO_TEST_AXE="$$dir/node_modules/axe-core/axe.min.js" $(TESTENV) --without redis,postgres -- \
		go test -tags a11y -count=1 -timeout 15m -run '^Test(Public|Staff)PagesAreAccessible$$' ./cmd/fibonacco

FUZZTIME ?= 10s

.PHONY: fuzz
fuzz: ## fuzz every parser of foreign bytes for a moment (FUZZTIME=10s each)
	@grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | sort | while IFS=: read -r file func; do \
		name=$${func#func }; package=$$(dirname "$$file"); \
		echo "$$package $$name"; \
		go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "$$package" </dev/null || exit 1; \
	done

.PHONY: bench
bench: ## measure sending, ingest, planning and import (ARGS='send import' picks some)
	$(TESTENV) --durable --without chromium -- go run ./bench $(ARGS)

.PHONY: bench-send
bench-send: ## 100,000 mails into a local sink, beside a bare pump, on both engines
	$(TESTENV) --durable --without chromium -- go run ./bench $(ARGS) send

.PHONY: bench-crm
bench-crm: ## build 1,000,000 businesses and measure lists, search and records over the API
	$(TESTENV) --durable --without chromium -- go run ./bench $(ARGS) crm

.PHONY: bench-staff
bench-staff: ## fill 1,000,000 businesses and 2,000,000 mails, and read every page of staff, on both engines
	$(TESTENV) --durable --without redis,chromium -- go run ./bench $(ARGS) staff

.PHONY: bench-web
bench-web: ## read learning and approval pages and tell of slides, through the whole server, on both engines
	$(TESTENV) --durable --without redis -- go run ./bench $(ARGS) web paint

##### Upkeep

.PHONY: generate
generate: ## write the Go code of the templ pages
	$(TOOL) templ generate

.PHONY: words
words: ## write docs/words.txt, every sentence that a page says
	go -C tools run ./words -root ..

.PHONY: screenshots
screenshots: ## take the pictures of docs/operating.md from a running demo (ARGS='sends queues' picks some)
	$(TESTENV) --without postgres,redis -- go run ./scripts/screenshots $(ARGS)

.PHONY: fmt
fmt: ## format the Go code
	$(TOOL) gofumpt -w .

.PHONY: clean
clean: ## remove what was built
	rm -rf bin coverage.out coverage.html
