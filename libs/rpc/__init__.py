"""gRPC between services: servers and channels with deadlines, passports, typed errors, validation, health and traces."""
