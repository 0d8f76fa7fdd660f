"""How a trial ended."""

from typing import Literal

Status = Literal["complete", "stopped", "diverged", "failed"]
