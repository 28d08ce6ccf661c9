"""What a run found, for people: terminal lines, tables, figures, one self-contained HTML page, TensorBoard."""
