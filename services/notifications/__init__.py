"""Tells the right people, once, provably: decides, keeps the reasons, and hands the messages to a mail server."""
