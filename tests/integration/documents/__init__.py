"""Documents over gRPC, SQL and events, for real."""
