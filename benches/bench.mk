# `make bench`, `make bench-quick`: us and the peers side by side on the same tokens.
#
# Everything that only the peers need lives below benches/ and $(BENCH), in workspaces and lock files of its own. What
# cannot be built or is not installed is left out, and the report says so. The C peers are Debian packages:
# apt-get install libcjose-dev libjwt-dev libjansson-dev

BENCH        := $(BUILD)/bench
BENCH_PYTHON := $(BENCH)/venv/bin/python
# Not --locked: what attestor itself depends on may change without anybody thinking of this lock file.
BENCH_CARGO  := --manifest-path benches/rust/Cargo.toml --target-dir target/benches --release

.PHONY: bench bench-quick bench-lint bench-build bench-rust bench-go bench-python bench-c

bench: bench-build
	python3 benches/run.py $(BENCH)
	python3 benches/report.py $(BENCH)/results docs

bench-quick: bench-build
	python3 benches/run.py --quick $(BENCH)
	python3 benches/report.py $(BENCH)/results

bench-build:
	@for language in rust go python c; do \
		$(MAKE) --no-print-directory bench-$$language || echo "bench-$$language cannot be built: its rows will say so"; \
	done

bench-rust:
	@mkdir -p $(BENCH) && rm -f $(BENCH)/bench-rust
	cargo build $(BENCH_CARGO)
	cp target/benches/release/attestor-benches $(BENCH)/bench-rust

bench-go: $(GO_LIB)
	@mkdir -p $(BENCH) && rm -f $(BENCH)/bench-go
	cd benches/go && GOWORK=off go build -o $(CURDIR)/$(BENCH)/bench-go .

$(BENCH)/venv/ready: benches/python/requirements.txt
	python3 -m venv $(BENCH)/venv
	$(BENCH_PYTHON) -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

bench-python: library $(BENCH)/venv/ready
	$(BENCH_PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --force-reinstall ./bindings/python

# Each peer only where its package is installed.
bench_c_peer = $(if $(shell pkg-config --exists $(1) && echo yes),benches/c/with_$(2).c -DHAVE_$(3) '-D$(3)_VERSION="$(shell pkg-config --modversion $(1))"' $(shell pkg-config --cflags --libs $(1)))
BENCH_C_PEERS = $(call bench_c_peer,cjose,cjose,CJOSE) $(call bench_c_peer,libjwt,libjwt,LIBJWT)

bench-c: library
	@mkdir -p $(BENCH) && rm -f $(BENCH)/bench-c
	$(CC) $(CFLAGS) -std=c11 -Iinclude -o $(BENCH)/bench-c benches/c/bench.c benches/c/ours.c $(BENCH_C_PEERS) $(RELEASE)/libattestor.a $(NATIVE)

bench-lint: $(BENCH)/venv/ready $(VENV)/ready
	cargo fmt --manifest-path benches/rust/Cargo.toml --check
	cargo clippy $(BENCH_CARGO) -- -D warnings
	cd benches/go && test -z "$$(gofmt -l . | tee /dev/stderr)" && GOWORK=off go vet ./...
	$(VENV)/bin/ruff check benches
	$(VENV)/bin/ruff format --check benches
	cd benches && MYPYPATH=. $(CURDIR)/$(VENV)/bin/mypy --strict *.py
	cd benches/python && $(CURDIR)/$(VENV)/bin/mypy --strict --python-executable $(CURDIR)/$(BENCH_PYTHON) *.py
