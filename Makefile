# attestor: `make demo` shows the main job, `make test` proves everything.
#
# Needs Rust, Go, Python 3.10+, Node.js 20.12+ with npm, a C compiler and make; clang and valgrind are used where they are.

BUILD   := build
LOGS    := $(BUILD)/logs
RELEASE := target/release
LIBRARY := $(RELEASE)/libattestor.so
GO_LIB  := bindings/go/lib/linux_amd64/libattestor.a
VENV    := $(BUILD)/venv
PYTHON  := $(VENV)/bin/python
OIDC_PROVIDER := $(BUILD)/oidc-provider
CFLAGS  ?= -O2 -Wall -Wextra -Wconversion -pedantic
NATIVE  := -lpthread -ldl -lm
MODELS  := --locked --release --target-dir $(CURDIR)/target/models
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
PREFIX  ?= /usr/local
CARGO_HOME ?= $(HOME)/.cargo
# No path of the building machine in what is shipped.
REMAP   := --remap-path-prefix=$(CARGO_HOME)=cargo --remap-path-prefix=$(CURDIR)=attestor
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
ABI     := $(shell sed -n 's/^\#define ATTESTOR_ABI \(.*\)/\1/p' include/attestor.h)

export ATTESTOR_PREBUILT_LIBRARY := $(CURDIR)/$(LIBRARY)
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.PHONY: help demo test test-rust test-models test-nightly fuzz test-c test-go test-python test-oidc-provider test-agreement lint generate install clean

help:
	@echo 'make demo      the same credentials through C, Python, Go and the command line'
	@echo 'make test      everything: Rust, C, Python, Go, header, lints'
	@echo 'make test-nightly  the kernels against their peers for some hours; make fuzz SECONDS=60'
	@echo 'make bench     us and the peers on the same tokens: docs/performance.md; make bench-quick, the targets alone'
	@echo 'make generate  rewrite the header, reason tables and declarations from the Rust source'
	@echo 'make install   library, header, attestor.pc and command line below PREFIX=$(PREFIX)'

# ---- what the targets are made of -------------------------------------------------------------------

.PHONY: library cli
# With the command line in one go: each takes a processor for a minute.
library:
	RUSTFLAGS='$(REMAP)' cargo build --release --locked --features capi,cli --lib --bin attestor

cli: library

$(GO_LIB): library
	tools/localize.sh $(RELEASE)/libattestor.a include/attestor.symbols $@

$(VENV)/ready: bindings/python/requirements-dev.txt
	python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

.PHONY: python-package
python-package: library $(VENV)/ready
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --force-reinstall ./bindings/python

$(LOGS):
	mkdir -p $@

# ---- demo -------------------------------------------------------------------------------------------

demo: library cli $(GO_LIB) python-package
	$(CC) $(CFLAGS) -std=c99 -Iinclude -o $(BUILD)/demo-c examples/demo/demo.c $(RELEASE)/libattestor.a $(NATIVE)
	cd bindings/go && go build -o $(CURDIR)/$(BUILD)/demo-go ./internal/demo
	@$(PYTHON) examples/demo/run.py $(RELEASE)/attestor $(BUILD)/demo-c $(BUILD)/demo-go $(PYTHON)

# ---- test -------------------------------------------------------------------------------------------

test:
	@rm -rf $(LOGS)
	@$(MAKE) --no-print-directory lint test-rust test-models
	@# Half of either is programs of one thread.
	@$(MAKE) --no-print-directory -j2 --output-sync test-c test-go
	@$(MAKE) --no-print-directory test-python test-oidc-provider test-agreement
	@python3 tools/summary.py $(LOGS)

lint: | $(LOGS)
	cargo fmt --check
	cargo clippy --locked -- -D warnings
	cargo clippy --locked --all-targets --features cli,capi -- -D warnings
	cd models && cargo fmt --check && cargo clippy $(MODELS) --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --features capi

# A hundred thousand verdicts of the kernels on P-256 and on RSA-2048, ten thousand on each of the rest: ATTESTOR_ROUNDS.
test-rust: | $(LOGS)
	ATTESTOR_ROUNDS=50 ATTESTOR_VERDICTS=$(CURDIR)/$(LOGS)/rust.verdicts cargo test --locked --features cli,capi 2>&1 | tee $(LOGS)/rust.log

# What threads share, in every order of their steps; its own workspace, so that nobody else builds the checker.
test-models: | $(LOGS)
	cd models && cargo test $(MODELS) 2>&1 | tee $(CURDIR)/$(LOGS)/models.log

# The kernels against their peers: 10^7 verdicts on P-256 and on RSA-2048, 10^6 on each of the rest. Every test uses all
# processors, so one runs at a time.
test-nightly: | $(LOGS)
	ATTESTOR_ROUNDS=5000 cargo test --locked --lib agrees_on_ -- --nocapture --test-threads 1 2>&1 | tee $(LOGS)/nightly.log

# Needs a nightly toolchain and cargo-fuzz. What a target finds is kept below fuzz/artifacts.
SECONDS := 60
FUZZ_TARGETS := $(patsubst fuzz/fuzz_targets/%.rs,%,$(wildcard fuzz/fuzz_targets/*.rs))

fuzz:
	for target in $(FUZZ_TARGETS); do cargo +nightly fuzz run $$target -- -max_total_time=$(SECONDS) -max_len=8192; done

test-c: library | $(LOGS)
	ATTESTOR_VERDICTS=$(CURDIR)/$(LOGS)/c.verdicts tests/c/run.sh $(RELEASE) include $(BUILD)/c --sanitize $(if $(shell command -v valgrind),--valgrind) > $(LOGS)/c.log 2>&1 || { cat $(LOGS)/c.log; exit 1; }
	@tail -1 $(LOGS)/c.log
	$(MAKE) --no-print-directory test-install 2>&1 | tee $(LOGS)/install.log

test-go: $(GO_LIB) | $(LOGS)
	cd bindings/go && test -z "$$(gofmt -l . | tee /dev/stderr)"
	cd bindings/go && go vet ./... && go run $(STATICCHECK) ./...
	cd bindings/go && ATTESTOR_VERDICTS=$(CURDIR)/$(LOGS)/go.verdicts go test -count=1 -v ./... 2>&1 | tee $(CURDIR)/$(LOGS)/go.log | grep -v '^ *\(=== \|--- PASS\)'
	cd bindings/go && go test -count=1 -race ./...
	cd bindings/go && GOEXPERIMENT=cgocheck2 go test -count=1 ./...
	cd bindings/go && GOGC=1 go test -count=1 .
	cd bindings/go && export CGO_ENABLED=0 && go build ./... && go vet ./... && go test -count=1 .

test-python: python-package | $(LOGS)
	cd bindings/python && ../../$(VENV)/bin/ruff check . && ../../$(VENV)/bin/ruff format --check .
	cd bindings/python && ../../$(VENV)/bin/mypy
	cd bindings/python && ATTESTOR_VERDICTS=$(CURDIR)/$(LOGS)/python.verdicts ../../$(PYTHON) -m pytest -q 2>&1 | tee $(CURDIR)/$(LOGS)/python.log
	$(VENV)/bin/ruff check examples tools tests benches
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	$(PYTHON) tests/vectors/make.py --check
	$(PYTHON) tests/schema.py

$(OIDC_PROVIDER)/ready: tests/oidc_provider/package.json tests/oidc_provider/package-lock.json
	mkdir -p $(OIDC_PROVIDER)
	cp $^ $(OIDC_PROVIDER)
	cd $(OIDC_PROVIDER) && npm ci --no-audit --no-fund
	touch $@

# Tokens of the certified OpenID provider that npm has, fetched on loopback.
test-oidc-provider: python-package $(OIDC_PROVIDER)/ready | $(LOGS)
	cp tests/oidc_provider/provider.mjs $(OIDC_PROVIDER)
	$(PYTHON) -m pytest -q tests/oidc_provider 2>&1 | tee $(LOGS)/oidc.log

# One verdict everywhere: the runs above wrote what they saw.
test-agreement:
	@for language in c go python; do diff -q $(LOGS)/rust.verdicts $(LOGS)/$$language.verdicts; done
	@echo "Rust, C, Go and Python agree on $$(wc -l < $(LOGS)/rust.verdicts) verdicts"

# ---- install ----------------------------------------------------------------------------------------

install: library cli
	install -d $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(PREFIX)/bin
	install -m 644 include/attestor.h $(DESTDIR)$(PREFIX)/include/
	install -m 644 $(RELEASE)/libattestor.a $(DESTDIR)$(PREFIX)/lib/
	install -m 755 $(LIBRARY) $(DESTDIR)$(PREFIX)/lib/libattestor.so.$(ABI)
	ln -sf libattestor.so.$(ABI) $(DESTDIR)$(PREFIX)/lib/libattestor.so
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' -e 's|@NATIVE@|$(NATIVE)|' attestor.pc.in > $(DESTDIR)$(PREFIX)/lib/pkgconfig/attestor.pc
	install -m 755 $(RELEASE)/attestor $(DESTDIR)$(PREFIX)/bin/

# What a packager does: install somewhere, find it by pkg-config, link both ways, run.
.PHONY: test-install
test-install:
	rm -rf $(BUILD)/root
	$(MAKE) --no-print-directory install PREFIX=$(CURDIR)/$(BUILD)/root
	tests/install.sh $(BUILD)/root $(BUILD)

include benches/bench.mk

generate:
	ATTESTOR_GENERATE=1 cargo test --features capi --test generated

clean:
	rm -rf $(BUILD) $(GO_LIB)
	cargo clean
