"""Names that somebody wrote and that are none of the known ones: which may have been meant."""

import difflib
from collections.abc import Iterable
from typing import Any

NEAR = 0.7  # least similarity of a name that may have been meant; 1 where it is the same


def did_you_mean(name: Any, known: Iterable[Any]) -> str:
    """The question to end a message with, " Did you mean val_loss?"; empty where no known name is
    near."""
    texts = [one for one in known if isinstance(one, str)]
    near = difflib.get_close_matches(str(name), texts, n=1, cutoff=NEAR)
    return f" Did you mean {near[0]}?" if near else ""
