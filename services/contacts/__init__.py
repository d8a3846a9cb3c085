"""Who acts for each customer, what they may see and what they are told."""
