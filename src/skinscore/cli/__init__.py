"""The ``skinscore`` command: data on stdout, progress and messages on stderr."""
