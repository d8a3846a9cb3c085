"""Rules and use cases of documents, without I/O."""
