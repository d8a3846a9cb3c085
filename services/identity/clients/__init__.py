"""What is outside: the service contacts, the password hasher, the token signer."""
