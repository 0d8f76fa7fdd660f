"""Checkpoints of trials under way: the job of each, and its state after its last epoch.

A checkpoint is deleted when its trial's record is written.
"""

import hashlib
import io
import json
import logging
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import torch

from study.store.folder import Folder

DIGEST = hashlib.sha256().digest_size
COST_SHARE = 0.025  # of a worker's time, at most, goes into checkpoints
# What a worker's first save may cost, before one was measured: on the slow side of a disk's.
SAVE_SECONDS, SAVE_RATE = 0.01, 200e6  # each save; bytes of state a second


class CheckpointStore:
    """Files in a folder that belongs to one study, named by the trials' keys.

    `<key>.json` is the trial's job, `<key>.pt` its state, checksummed, and `<key>.previous.pt`
    the state before that, which is used where the newer one is not whole.
    """

    def __init__(self, folder: Folder):
        self.folder = folder

    def begin(self, key: str, job: dict[str, Any]) -> None:
        """Note that the trial is under way."""
        self.folder.write(f"{key}.json", json.dumps(job).encode())

    def jobs(self) -> Iterator[dict[str, Any]]:
        """The jobs of the trials under way, in the order of their keys; damaged ones are not."""
        for name, content in self.folder.read_all(".json"):
            try:
                yield json.loads(content)
            except ValueError:
                logging.getLogger("study").warning(
                    "job %s/%s is damaged and ignored", self.folder, name
                )

    def save(self, key: str, state: dict[str, Any]) -> None:
        """Keep the state of a trial; at every moment a whole one is there.

        Not forced to the disk, which would cost as much again: a power failure may take the state,
        which the checksum notices, the death of processes may not.

        Args:
            state: tensors, numbers, strings, lists and dictionaries of them.
        """
        buffer = io.BytesIO()
        torch.save(state, buffer)
        content = buffer.getbuffer()  # not copied: it may be half a gigabyte
        newest, previous = _names(key)
        with suppress(FileNotFoundError):  # there is none yet
            self.folder.rename(newest, previous)
        self.folder.write(newest, hashlib.sha256(content).digest(), content, durable=False)

    def load(self, key: str) -> dict[str, Any] | None:
        """The newest whole state of the trial, None where there is none."""
        for name in _names(key):
            read = self.folder.read(name)
            if read is None:
                continue
            content = memoryview(read)  # not copied, either
            if hashlib.sha256(content[DIGEST:]).digest() == content[:DIGEST]:
                return torch.load(io.BytesIO(content[DIGEST:]), weights_only=True)
            logging.getLogger("study").warning(
                "checkpoint %s/%s is damaged; the one before it is used where there is one",
                *(self.folder, name),
            )
        return None

    def delete(self, key: str) -> None:
        """Forget the trial; its job goes last, so that nothing is left without its name."""
        for name in (*_names(key), f"{key}.json"):
            self.folder.delete(name)

    def sweep(self) -> None:
        """Remove what no trial under way needs. No worker of this study may be running."""
        self.folder.sweep()
        kept = {name.removesuffix(".json") for name in self.folder.names(".json")}
        for name in self.folder.names(".pt"):
            if name.split(".")[0] not in kept:
                self.folder.delete(name)


class CheckpointKeeper:
    """One worker's way to the store: bounded in cost, and never the reason why a trial fails.

    Attributes:
        failure: why the store cannot be written to, None where it can. Whoever holds the keeper
            reports it: a study whose trials are lost with their workers must not look safe.
    """

    def __init__(self, store: CheckpointStore | None):
        self._store = store
        self._begun_at = time.monotonic()
        self._ready_at: float | None = None  # monotonic seconds; unknown before a state is seen
        self.failure: str | None = None

    def resume(self, key: str, job: dict[str, Any]) -> dict[str, Any] | None:
        """The trial's state where there is one; else the trial is noted as under way."""
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

    def save(self, key: str, state: dict[str, Any]) -> None:
        """Save the state, unless saving would take more than COST_SHARE of this worker's time."""
        if self._store is None:
            return
        started = time.monotonic()
        if self._ready_at is None:
            expected = SAVE_SECONDS + _bytes(state) / SAVE_RATE
            self._ready_at = self._begun_at + expected / COST_SHARE
        if started < self._ready_at:
            return
        try:
            self._store.save(key, state)
        except OSError as error:
            self._give_up(error)
        ended = time.monotonic()
        self._ready_at = ended + (ended - started) / COST_SHARE

    def _give_up(self, error: OSError) -> None:
        self._store = None
        self.failure = f"a checkpoint could not be written on {platform.node()}: {error}"


def _bytes(state: Any) -> int:
    """Of all tensors in it."""
    if isinstance(state, torch.Tensor):
        return state.nbytes
    if isinstance(state, Mapping):
        return sum(map(_bytes, state.values()))
    return sum(map(_bytes, state)) if isinstance(state, (list, tuple)) else 0


def _names(key: str) -> tuple[str, str]:
    return f"{key}.pt", f"{key}.previous.pt"
