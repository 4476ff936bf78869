"""The replay core: what happened to a run, told to workflow code in the one order that it must always be told in.

    history, messages, queries                          commands, answers
             |                                                ^
          Replay.begin(task) ... next_activation() -> Activation -> (workflow code) -> apply(Completion) ... answer()
             |                                                |
      sequences: which events belong together         pending: each command until its event is found in the history

Pure: no I/O, no clock, no asyncio, no threads; given the same history it gives the same activations. The order of
things and the markers' formats are those of the official SDKs, so that a run begun by one is finished by the other.
A command that the history contradicts raises `Divergence`.

May import: exceptions, common. Begin reading in core.py.
"""
