"""The rules of signing in: pure, one module for each resource."""
