"""A 3-D face whose true motion is known: its shape, its muscles, and how people move it."""
