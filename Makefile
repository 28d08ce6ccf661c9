.PHONY: check lint types test slow bench

check: lint types test

lint:
	ruff check .
	ruff format --check .

types:
	mypy

test:
	pytest -m "not slow"

slow:
	pytest -m slow

bench:
	for script in scripts/bench/*.py; do python $$script; done
