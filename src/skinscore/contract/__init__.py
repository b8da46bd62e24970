"""What a model file promises, and the checks that hold it to its word.

contract    the document inside the file: every fact the path from bytes to grades needs
onnx_file   the file itself, walked byte by byte before any library opens it
golden      inputs made by formula, replayed before a model may grade
release     seal a contract into an exported graph; open a sealed file again, fail-closed
"""
