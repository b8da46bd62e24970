"""The network: encoder, decoder, pooling by zone mask, grade heads, losses, ONNX."""
