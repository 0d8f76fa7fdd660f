"""Trials under way: what each was told, and its state after its last epoch.

A checkpoint is of use until its trial's record is written; then it goes.
"""

import hashlib
import io
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from study.records import write_atomically

DIGEST = hashlib.sha256().digest_size


class CheckpointStore:
    """Files in `results`/checkpoints, named by the trials' keys.

    `<key>.json` is the trial's job, `<key>.pt` its state, checksummed, and `<key>.previous.pt`
    the state before that, which is there while the new one is not whole.
    """

    def __init__(self, results: Path):
        self.folder = results / "checkpoints"

    def begin(self, key: str, job: dict[str, Any]) -> None:
        """Note that the trial is under way."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self.folder / f"{key}.json", json.dumps(job).encode())

    def jobs(self) -> Iterator[dict[str, Any]]:
        """The jobs of the trials under way, in the order of their keys; damaged ones are not."""
        for path in sorted(self.folder.glob("*.json")):
            try:
                yield json.loads(path.read_bytes())
            except ValueError:
                logging.getLogger("study").warning("job %s is damaged and left out", path)

    def save(self, key: str, state: dict[str, Any]) -> None:
        """Keep the state of a trial; at every moment a whole one is there.

        Args:
            state: tensors, numbers, strings, lists and dictionaries of them.
        """
        buffer = io.BytesIO()
        torch.save(state, buffer)
        content = buffer.getbuffer()
        newest, previous = self._paths(key)
        if newest.exists():
            os.replace(newest, previous)
        write_atomically(newest, hashlib.sha256(content).digest() + content)

    def load(self, key: str) -> dict[str, Any] | None:
        """The newest whole state of the trial, None where there is none."""
        for path in self._paths(key):
            if path.exists():
                content = path.read_bytes()
                if hashlib.sha256(content[DIGEST:]).digest() == content[:DIGEST]:
                    return torch.load(io.BytesIO(content[DIGEST:]), weights_only=True)
                logging.getLogger("study").warning(
                    "checkpoint %s is damaged; the one before it is used where there is one", path
                )
        return None

    def delete(self, key: str) -> None:
        """Forget the trial; its job goes last, so that nothing is left without its name."""
        for path in (*self._paths(key), self.folder / f"{key}.json"):
            path.unlink(missing_ok=True)

    def _paths(self, key: str) -> tuple[Path, Path]:
        return self.folder / f"{key}.pt", self.folder / f"{key}.previous.pt"
