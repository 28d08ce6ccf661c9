"""Where recordings come from: one class per source, each with `recordings(groups=, tasks=)` (types.Cohort).

Recordings are streamed, one in memory at a time. A recording that cannot be read does not stop the others: every sound
one is yielded, and when the cohort has been read to its end one DataError names all that were not.
"""
