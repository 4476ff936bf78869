"""What the activities of this process work with: one provider, one cluster, one publisher.

    with using(Installation(provider, cluster, publisher)):
        ...                                                  # activities that run here find it by `installed()`

Activities are plain functions, so that a workflow can call them by their names; what they need of the process that
happens to run them does not travel with the call.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from node_provisioner.interfaces import Cluster, Provider, Publisher


@dataclass(frozen=True)
class Installation:
    provider: Provider
    cluster: Cluster
    publisher: Publisher


_in_use: list[Installation] = []


@contextmanager
def using(installation: Installation) -> Generator[None]:
    """Give the activities of this process what they work with, as long as the context is open."""
    _in_use.append(installation)
    try:
        yield
    finally:
        _in_use.remove(installation)


def installed() -> Installation:
    """What is in use.

    Raises:
        LookupError: nothing is; the program runs activities outside of `using`.
    """
    if not _in_use:
        raise LookupError("nothing is installed: run the activities inside `with using(Installation(...))`")
    return _in_use[-1]
