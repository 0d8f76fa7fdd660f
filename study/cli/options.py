"""The command line, as given; light, so that help and wrong usage answer at once."""

import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from study.spec.budget import PROFILES, Budget
from study.store.folder import Folder


@dataclass(frozen=True)
class Options:
    """The command line, as given."""

    action: str
    data: str
    profile: str
    trials: int | None
    epochs: int | None
    seeds: int | None
    image_size: int | None
    sampler: str
    results: Folder
    address: str | None
    gpus_per_trial: float | None
    cpus_per_trial: float | None
    max_concurrent: int | None
    precision: Literal["auto", "float32", "bfloat16"]
    seed: int
    verbose: bool
    epoch_timeout: float

    def budget(self) -> Budget:
        """The profile's budget with what the command line sets in its place."""
        given = {
            name: value
            for name in ("trials", "epochs", "seeds", "image_size")
            if (value := getattr(self, name)) is not None
        }
        return replace(PROFILES[self.profile], **given)


def command_line() -> str:
    """The command that made this process, to be pasted into a shell."""
    module = Path(sys.argv[0]).stem
    return shlex.join(["python", "-m", f"study.{module}", *sys.argv[1:]])
