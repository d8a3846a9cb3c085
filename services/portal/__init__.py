"""Web pages: the customers' area and the operators' console."""
