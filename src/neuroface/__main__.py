"""`python -m neuroface` is `neuroface`."""

import sys

from neuroface.cli import main

if __name__ == "__main__":
    sys.exit(main())
