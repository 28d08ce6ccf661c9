.PHONY: check lint types test slow bench docs news

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

docs:  # the site, in out/site; a warning is an error
	DISABLE_MKDOCS_2_WARNING=true NO_MKDOCS_2_WARNING=1 mkdocs build --quiet --site-dir out/site

news:  # how the fragments in changes/ will read
	towncrier build --draft --version next
