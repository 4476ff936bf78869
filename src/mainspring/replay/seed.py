"""The seed of a run's random numbers: SipHash-1-3 of its run id, as in the official SDKs.

The same seed gives the same `workflow.uuid4()` and so the same ids of children, whichever SDK replays the run.
Reference: the algorithm is J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input PRF", with one compression
and three finalization rounds and both keys zero.
"""

from __future__ import annotations

MASK = (1 << 64) - 1


def seed_of(run_id: str) -> int:
    """The 64 bit seed of the run. The id is hashed as UTF-8 followed by a byte 255."""
    return siphash13(run_id.encode() + b"\xff")


def siphash13(data: bytes) -> int:
    """SipHash-1-3 with both keys zero."""
    state = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
    whole = len(data) - len(data) % 8
    for start in range(0, whole, 8):
        state = _absorb(state, int.from_bytes(data[start : start + 8], "little"))
    state = _absorb(state, int.from_bytes(data[whole:], "little") | (len(data) & 0xFF) << 56)
    v0, v1, v2, v3 = state
    state = (v0, v1, v2 ^ 0xFF, v3)
    for _ in range(3):
        state = _round(*state)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _absorb(state: tuple[int, int, int, int], word: int) -> tuple[int, int, int, int]:
    v0, v1, v2, v3 = state
    v0, v1, v2, v3 = _round(v0, v1, v2, v3 ^ word)
    return v0 ^ word, v1, v2, v3


def _round(v0: int, v1: int, v2: int, v3: int) -> tuple[int, int, int, int]:
    v0 = (v0 + v1) & MASK
    v1 = _rotate(v1, 13) ^ v0
    v0 = _rotate(v0, 32)
    v2 = (v2 + v3) & MASK
    v3 = _rotate(v3, 16) ^ v2
    v0 = (v0 + v3) & MASK
    v3 = _rotate(v3, 21) ^ v0
    v2 = (v2 + v1) & MASK
    v1 = _rotate(v1, 17) ^ v2
    return v0, v1, _rotate(v2, 32), v3


def _rotate(word: int, bits: int) -> int:
    return (word << bits | word >> (64 - bits)) & MASK
