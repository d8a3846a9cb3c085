"""What HTTP gives us, read strictly: path templates of the contract, and JSON. Pure."""

from __future__ import annotations

from libs.errors import InvalidArgument


class Unprocessable(InvalidArgument):
    """Well formed, and still not to be taken: larger than we read, or in contradiction with itself. HTTP 422."""
