.PHONY: check lint types test slow bench notebooks pictures docs news

check: lint types test

lint:
	ruff check .
	ruff format --check .

types:
	mypy

test:
	pytest

slow:
	pytest -m slow

bench:
	for script in scripts/bench/*.py; do python $$script; done

notebooks:  # all executed from top to bottom; the site shows what they showed
	python scripts/site/notebooks.py

pictures:  # of docs/images, made again
	python scripts/contact_sheet.py
	python scripts/site/pictures.py

docs:  # the site, in out/site; a warning is an error (under --quiet MkDocs counts none, and passes)
	DISABLE_MKDOCS_2_WARNING=true NO_MKDOCS_2_WARNING=1 mkdocs build --site-dir out/site

news:  # how the fragments in changes/ will read
	towncrier build --draft --version next
