# Portolan. `make` lists what there is to make.
SWIFT_BUILD = swift build --explicit-target-dependency-import-check error

.PHONY: help demo test build release bench bench-peers new-platform lint format golden clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: ## everything on loopback with simulated merchants; ORDERS=5000, KEEP=1 leaves it running
	@scripts/setup.sh
	@$(SWIFT_BUILD) --product portolan
	@.build/debug/portolan demo --orders $(or $(ORDERS),5000) $(if $(KEEP),--keep)

test: ## every test, with private servers; FILTER=regex runs some
	@scripts/setup.sh --tests
	@$(SWIFT_BUILD) --build-tests
ifdef FILTER
	@PORTOLAN_LOCALSTRIPE_PYTHON=$(CURDIR)/.portolan/venv/bin/python3 swift test --skip-build --filter '$(FILTER)'
else
	@scripts/test.sh
endif

build: ## debug build
	@scripts/setup.sh
	@$(SWIFT_BUILD)

release: ## optimised build, in .build/release
	@scripts/setup.sh
	@$(SWIFT_BUILD) -c release --product portolan

bench: release ## benchmarks, each beside its floor
	@.build/release/portolan bench queue
	@.build/release/portolan bench ingest

bench-peers: release ## Portolan beside other queues, in one run; ARGS='--only portolan,pgqueuer'
	@Benchmarks/peers/setup.sh
	@python3 Benchmarks/peers/run.py $(ARGS)

new-platform: ## begins a platform's folder; NAME=QuickBooks
	@scripts/new-platform.sh "$(NAME)"

lint: ## format and style, changing nothing
	@swift format lint --recursive --parallel --strict Package.swift Plugins Sources Tests

format: ## formats in place
	@swift format --in-place --recursive --parallel Package.swift Plugins Sources Tests

golden: ## writes Migrations/schema.golden.sql anew after a migration was added
	@$(SWIFT_BUILD) --build-tests
	@PORTOLAN_WRITE_GOLDEN=1 swift test --skip-build --filter GoldenSchema

clean: ## removes builds and local data
	@rm -rf .build .portolan
