"""Scoring an archive: every input file gets exactly one outcome, and a rerun resumes.

``sources`` lists the photos, ``engine`` scores them in worker processes that may die, ``journal``
keeps what is known (append-only, the only truth), ``tables`` are built from the journal, ``run``
ties them together. A photo's key is the sha256 of its bytes, never its place in the list: equal
bytes under two names are scored once. POSIX only: a lock and signal masks guard the run.
"""
