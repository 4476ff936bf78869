"""What a run asks to be done to other runs: the outbox entries, their making and their contents.

    command or close  ->  run.effects  ->  (committed with the run)  ->  history.outbox carries each out  ->  result
    transition

Inputs are not copied into an effect: the event with id `ref` has them.
"""

from __future__ import annotations

import msgspec

from mainspring.server.engine.changes import Effect, EffectKey, EffectKind, RunKey
from mainspring.server.engine.run import Run

_ENCODER = msgspec.msgpack.Encoder()


class ChildClosed(msgspec.Struct, frozen=True, array_like=True):
    """CHILD_CLOSED: this run has closed, its parent is to be told."""

    parent: RunKey
    initiated_event_id: int
    first_run_id: str
    workflow_type: str


class CloseChild(msgspec.Struct, frozen=True, array_like=True):
    """CLOSE_CHILD: this run has closed, a child of it is to be terminated or asked to cancel."""

    child: RunKey
    terminate: bool  # else: request cancellation


_CHILD_CLOSED = msgspec.msgpack.Decoder(ChildClosed)
_CLOSE_CHILD = msgspec.msgpack.Decoder(CloseChild)


def add(run: Run, kind: EffectKind, ref: int, content: ChildClosed | CloseChild | None = None) -> None:
    """Put an effect into the run's outbox."""
    blob = b"" if content is None else _ENCODER.encode(content)
    run.effects.append(Effect(run=run.key, kind=kind, ref=ref, created_at=run.now, blob=blob))


def finish(run: Run, effect: Effect) -> None:
    """The effect's result is recorded by this transition of `run`: its entry goes."""
    run.finished_effects.append(EffectKey(effect.run.run_id, effect.kind, effect.ref))


def child_closed(effect: Effect) -> ChildClosed:
    """The contents of a CHILD_CLOSED effect."""
    return _CHILD_CLOSED.decode(effect.blob)


def close_child(effect: Effect) -> CloseChild:
    """The contents of a CLOSE_CHILD effect."""
    return _CLOSE_CHILD.decode(effect.blob)
