"""How fast it is, beside the raw limit of the same steps, in one run: `make bench`."""
