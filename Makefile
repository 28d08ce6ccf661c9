LOWEST = out/lowest

.PHONY: check lint types test slow lowest newest bench notebooks pictures docs news

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

lowest:  # the lowest versions that pyproject.toml allows, in an environment of their own, and what they have to carry
	python -m venv --clear $(LOWEST)
	python scripts/lowest.py test > $(LOWEST)/lowest.txt
	$(LOWEST)/bin/pip install --quiet -c $(LOWEST)/lowest.txt -e '.[test]'
	$(LOWEST)/bin/python -m pytest tests/test_walls.py tests/test_contracts.py tests/test_samples.py tests/evaluate tests/cohorts tests/recording

newest:  # the newest versions there are, which pip takes by itself where nothing says otherwise
	python -m venv --clear out/newest
	out/newest/bin/pip install --quiet --upgrade -e '.[test]'
	out/newest/bin/python -m pytest

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
