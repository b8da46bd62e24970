"""What ships with the library: the default model file and photos of a made-up patient."""
