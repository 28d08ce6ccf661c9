"""Points of other tools: for each a validator `is_it`, and a function `read` that gives Tracks."""
