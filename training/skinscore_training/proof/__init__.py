"""The measuring stick: what a model file does on skin whose truth, or whose sameness, is known.

Everything is measured on the ONNX file through :class:`skinscore.grading.grader.Grader`, never on
the network that training holds. One module per figure; ``prove`` runs them and writes the report.
"""
