"""What a storage driver is: it keeps payloads somewhere else, and finds them by what it said when it took them.

    store(context, payloads) -> claims          the claim goes over the wire, in the payload's place
    retrieve(context, claims) -> payloads

Claims come back from a history, and whoever may start workflows may write any claim: a driver checks what it is given.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from temporalio.api.common.v1 import Payload


@dataclass(frozen=True)
class StorageDriverClaim:
    """How a driver finds a payload again."""

    claim_data: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class StorageDriverWorkflowInfo:
    """A workflow for which a payload is stored. What is not known is None."""

    namespace: str
    id: str | None = None
    run_id: str | None = None
    type: str | None = None


@dataclass(frozen=True, kw_only=True)
class StorageDriverActivityInfo:
    """An activity for which a payload is stored. What is not known is None."""

    namespace: str
    id: str | None = None
    run_id: str | None = None
    """Of activities that belong to no workflow."""
    type: str | None = None


@dataclass(frozen=True)
class StorageDriverStoreContext:
    """For whom a payload is stored: who is started, signalled or answered, else who is at work."""

    target: StorageDriverActivityInfo | StorageDriverWorkflowInfo | None = None


@dataclass(frozen=True)
class StorageDriverSelectContext:
    """For whom a driver is selected: the target that the driver will be told."""

    target: StorageDriverActivityInfo | StorageDriverWorkflowInfo | None = None


@dataclass(frozen=True)
class StorageDriverRetrieveContext:
    """Nothing yet. What is retrieved may be for several."""


class StorageDriver(ABC):
    """Stores payloads outside of the server. Called from several tasks of the event loop at once."""

    @abstractmethod
    def name(self) -> str:
        """By which name histories refer to this driver. It must stay as long as they do."""
        raise NotImplementedError

    def type(self) -> str:
        """What kind of driver it is, the same in every language that has it. The class's name, if nobody says more."""
        return type(self).__name__

    @abstractmethod
    async def store(self, context: StorageDriverStoreContext, payloads: Sequence[Payload]) -> list[StorageDriverClaim]:
        """Store payloads. They must be safe on return, since claims are sent to the server next.

        Returns: a claim for each, in their order.
        """
        raise NotImplementedError

    @abstractmethod
    async def retrieve(
        self, context: StorageDriverRetrieveContext, claims: Sequence[StorageDriverClaim]
    ) -> list[Payload]:
        """The payloads of claims, in their order.

        Raises: ApplicationError: if it is not retryable, a workflow that needs the payload fails. After any other
            error its task is tried again.
        """
        raise NotImplementedError


class StorageWarning(RuntimeWarning):
    """Something about external storage may be wrong."""
