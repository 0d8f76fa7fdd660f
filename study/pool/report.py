"""What a worker says of a trial after each epoch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class TrialReport:
    """What a worker says after each epoch: the whole trial so far.

    Whoever holds the last report can write the record, whichever process died before.

    Attributes:
        status: "running" until the trial's last epoch; "diverged" where its loss is not finite;
            "failed" where it cannot begin and no other try would help.
        rows: one for each epoch, fields of `hw3.engine.EpochRow`; None for what is not finite.
        val, test: scores of the images of the validation set and of the locked test set, see
            `hw3.engine.score_images`; at the end of confirmed trials only.
        cost: fields of `hw3.cost.Cost`; empty where the engine knows none.
        host, device: where the trial runs.
        checkpoint_failure: why no checkpoint can be written, None where they can.
        weights_failure: why the weights could not be kept, None where nothing failed.
        error: the text of what went wrong, of failed trials.
        fused: number of trials that were trained together with it, itself among them, at most in
            any of its epochs; 1 where it was trained alone. As one model, where their engine can.
    """

    status: Literal["running", "complete", "diverged", "failed"]
    rows: list[dict[str, Any]]
    val: list[dict[str, Any]] = field(default_factory=list)
    test: list[dict[str, Any]] = field(default_factory=list)
    cost: Mapping[str, int] = field(default_factory=dict)
    host: str | None = None
    device: str | None = None
    checkpoint_failure: str | None = None
    weights_failure: str | None = None
    error: str | None = None
    fused: int = 1

    @property
    def is_last(self) -> bool:
        """Whether the trial has ended by itself."""
        return self.status != "running"
