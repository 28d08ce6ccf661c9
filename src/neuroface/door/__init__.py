"""The Python door: the same calls as the command line, with the same words, which return what they made."""
