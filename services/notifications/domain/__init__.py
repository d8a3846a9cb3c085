"""The rules of telling: who is told and why, what a message says, and how far it got. Pure."""
