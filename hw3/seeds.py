"""Random seeds derived by name, so that every stream is an argument and none is shared."""

import hashlib


def derive_seed(seed: int, *names: str | int) -> int:
    """A seed in [0, 2**63) for the stream called `names` below `seed`.

    Streams with different names are independent, so that draws from one cannot shift another:
    a model with dropout sees the same order of images as one without.
    """
    text = "/".join(str(part) for part in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
