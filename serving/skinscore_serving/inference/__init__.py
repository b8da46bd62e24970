"""The Open Inference Protocol under ``/v2``: for clients of KServe and Triton.

A thin adapter: the same grader, the same admission, the same grades as ``/v1``.
"""
