"""The clinic's door: the same grader behind HTTP."""
