"""REST+JSON in front of all services: routes, documents and limits read from the contract."""
