#!/usr/bin/env bash
# MkDocs: `--quiet` takes the teeth from `strict: true`. A broken link aborts `mkdocs build` with 1, but `mkdocs build --quiet`
# builds the same site and exits with 0: strict mode counts the warnings that the logger lets through, and --quiet lets
# none through. Neither option mentions the other.
set -euo pipefail

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check mkdocs==1.6.1
cd "$place"
"$place/venv/bin/mkdocs" --version

mkdir docs
printf 'site_name: a site\nstrict: true\n' > mkdocs.yml
printf '# A page\n\n![a picture](not_there.png)\n' > docs/index.md

loud=0
"$place/venv/bin/mkdocs" build --site-dir loud > loud.txt 2>&1 || loud=$?
quiet=0
"$place/venv/bin/mkdocs" build --quiet --site-dir quiet > quiet.txt 2>&1 || quiet=$?

echo "--- mkdocs build: exit code $loud"
grep -v '^INFO' loud.txt
echo "--- mkdocs build --quiet: exit code $quiet, site written: $(test -f quiet/index.html && echo yes || echo no)"
cat quiet.txt

[ "$loud" = 1 ] && [ "$quiet" = 0 ] || { echo "the behaviour has changed"; exit 1; }
