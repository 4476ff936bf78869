"""Measurements from outside, each against a peer or against itself in the same run.

    python -m benchmarks.server    workflows/s, latency, CPU and memory, against the real server
    python -m benchmarks.sdk       Mainspring's own SDK, against the official one, DBOS and Restate
    python -m benchmarks.growth    whether a step costs the same in a long run as in a short one
    python -m benchmarks.lean      the raw driver by itself: load without an SDK

All run from the root of the checkout with `PYTHONPATH=src`; `--help` says how to scale them down, `--write` keeps a
dated table in `benchmarks/results/`. Machines are shared and noisy: believe the ratios.
docs/internals/benchmarks.md says what drives what, and why.
"""
