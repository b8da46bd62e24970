"""The studio: rendered skin and graded photos in, one ONNX file with its contract out."""
