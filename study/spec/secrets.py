"""Passwords in what people read: messages, reports, stored command lines."""

import re

HIDDEN = "***"
# A password may hold what a URI would have to quote: secret keys of S3 hold slashes.
IN_AUTHORITY = re.compile(r"(://[^\s/:@'\"]*:)(?:[^\s/'\"]*|(?!\d*/)[^\s@'\"]*?)(?=@|%40)")
IN_QUERY = re.compile(
    r"([?&;][^\s=&;'\"]*(?:token|secret|passw|pwd|signature|credential|key)[^\s=&;'\"]*=)"
    r"[^\s&;'\"]+",
    re.IGNORECASE,
)


def mask(text: str) -> str:
    """The text with *** in the place of each password in a URI, and of each secret in its query."""
    return IN_QUERY.sub(rf"\1{HIDDEN}", IN_AUTHORITY.sub(rf"\1{HIDDEN}", text))
