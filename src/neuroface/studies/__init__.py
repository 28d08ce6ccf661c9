"""What lies between a composed configuration and a finished run; the command line and the Python door call it."""
