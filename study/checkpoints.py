"""Trials under way: what each was told, and its state after its last epoch.

A checkpoint is of use until its trial's record is written; then it goes.
"""

import hashlib
import io
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from study.records import write_atomically

DIGEST = hashlib.sha256().digest_size
COST_SHARE = 0.03  # of a trial's time, at most, goes into its checkpoints


class CheckpointStore:
    """Files in a folder of one study's own, named by the trials' keys.

    `<key>.json` is the trial's job, `<key>.pt` its state, checksummed, and `<key>.previous.pt`
    the state before that, which is there while the new one is not whole.
    """

    def __init__(self, folder: Path):
        self.folder = folder

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
        content = buffer.getbuffer()  # not copied: it may be half a gigabyte
        newest, previous = self._paths(key)
        if newest.exists():
            os.replace(newest, previous)
        write_atomically(newest, hashlib.sha256(content).digest(), content)

    def load(self, key: str) -> dict[str, Any] | None:
        """The newest whole state of the trial, None where there is none."""
        for path in self._paths(key):
            if path.exists():
                content = memoryview(path.read_bytes())
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


class CheckpointKeeper:
    """One worker's way to the store: bounded in cost, and never the reason why a trial fails.

    Keeps nothing where there is no store, and where the store cannot be written to: a worker on
    another host may not reach it.
    """

    def __init__(self, store: CheckpointStore | None):
        self._store = store
        self._ready_at = 0.0  # monotonic seconds

    def resume(self, key: str, job: dict[str, Any]) -> dict[str, Any] | None:
        """The trial's state where there is one; else the trial is noted as under way."""
        self._ready_at = 0.0
        if self._store is None:
            return None
        try:
            state = self._store.load(key)
            if state is None:
                self._store.begin(key, job)
            return state
        except OSError as error:
            self._give_up(error)
            return None

    def save(self, key: str, make_state: Callable[[], dict[str, Any]]) -> None:
        """Save the state, unless saving would take more than COST_SHARE of the time."""
        started = time.monotonic()
        if self._store is None or started < self._ready_at:
            return
        try:
            self._store.save(key, make_state())
        except OSError as error:
            self._give_up(error)
        ended = time.monotonic()
        self._ready_at = ended + (ended - started) / COST_SHARE

    def _give_up(self, error: OSError) -> None:
        self._store = None
        logging.getLogger("study").warning("no checkpoints are kept here: %s", error)
