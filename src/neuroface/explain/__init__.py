"""What a fitted network looked at, for people it had not seen: maps, measures of them, and pictures."""
