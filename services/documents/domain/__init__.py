"""The rules of documents: pure, without I/O."""
