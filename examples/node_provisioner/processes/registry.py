"""The cluster: a service that nodes join by themselves. `python -m node_provisioner.processes.registry`.

    GET    /members        all members
    GET    /members/ID     one, or 404
    PUT    /members/ID     join; once more with the same vm_id changes nothing
    DELETE /members/ID     remove, unless its VM was ordered later; 404 if it was none

The members are in a file, written before the answer is given, so that a restart forgets nobody.
"""

import argparse
import asyncio
import threading
import time
from pathlib import Path

import msgspec

from node_provisioner.interfaces import Member
from node_provisioner.processes import loopback
from node_provisioner.processes.loopback import Reply, Request


class JoinRequest(msgspec.Struct, frozen=True):
    vm_id: str
    ordered_at: int


class RemoveRequest(msgspec.Struct, frozen=True):
    ordered_at: int


class Members:
    """The members of the cluster and the file that remembers them."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._members = msgspec.json.decode(file.read_bytes(), type=dict[str, Member]) if file.exists() else {}

    def __repr__(self) -> str:
        return f"Members({str(self._file)!r}, {len(self._members)} members)"

    def all(self) -> list[Member]:
        with self._lock:
            return list(self._members.values())

    def find(self, node_id: str) -> Member | None:
        with self._lock:
            return self._members.get(node_id)

    def join(self, node_id: str, wanted: JoinRequest) -> Member:
        with self._lock:
            known = self._members.get(node_id)
            if known is not None and known.vm_id == wanted.vm_id:
                return known
            member = Member(node_id=node_id, vm_id=wanted.vm_id, joined_at=time.time_ns(), ordered_at=wanted.ordered_at)
            self._write({**self._members, node_id: member})
            return member

    def remove(self, node_id: str, ordered_at: int) -> bool:
        with self._lock:
            known = self._members.get(node_id)
            if known is None or known.ordered_at > ordered_at:
                return False
            self._write({other: member for other, member in self._members.items() if other != node_id})
            return True

    def _write(self, members: dict[str, Member]) -> None:
        unfinished = self._file.with_suffix(".unfinished")
        unfinished.write_bytes(msgspec.json.encode(members))
        unfinished.replace(self._file)
        self._members = members


def answer(members: Members, request: Request) -> Reply:
    try:
        return _answer(members, request)
    except msgspec.DecodeError as error:
        return Reply(400, msgspec.json.encode({"error": str(error)}))


def _answer(members: Members, request: Request) -> Reply:
    match request.method, request.path.strip("/").split("/"):
        case "GET", ["members"]:
            return Reply(200, msgspec.json.encode(members.all()))
        case "GET", ["members", node_id]:
            member = members.find(node_id)
            return Reply(200, msgspec.json.encode(member)) if member else Reply(404)
        case "PUT", ["members", node_id]:
            wanted = msgspec.json.decode(request.body, type=JoinRequest)
            return Reply(200, msgspec.json.encode(members.join(node_id, wanted)))
        case "DELETE", ["members", node_id]:
            unwanted = msgspec.json.decode(request.body, type=RemoveRequest)
            return Reply(200 if members.remove(node_id, unwanted.ordered_at) else 404)
        case _:
            return Reply(404)


class RegistryCluster:
    """The cluster as the activities see it: the registry, over HTTP."""

    def __init__(self, registry_url: str) -> None:
        self._url = registry_url

    async def find_member(self, node_id: str) -> Member | None:
        reply = await self._send("GET", f"/members/{node_id}")
        return msgspec.json.decode(reply.body, type=Member) if reply.status == 200 else None

    async def remove_member(self, node_id: str, *, ordered_at: int) -> bool:
        body = msgspec.json.encode(RemoveRequest(ordered_at))
        return (await self._send("DELETE", f"/members/{node_id}", body)).status == 200

    async def members(self) -> list[Member]:
        return msgspec.json.decode((await self._send("GET", "/members")).body, type=list[Member])

    async def _send(self, method: str, path: str, body: bytes = b"") -> Reply:
        reply = await asyncio.to_thread(loopback.send, method, self._url + path, body)
        if reply.status not in (200, 404):
            raise ConnectionError(f"{method} {path}: the registry answered {reply.status}")
        return reply


def main() -> None:
    parser = argparse.ArgumentParser(description="the cluster: knows its members")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--file", type=Path, required=True, help="where to keep the members")
    options = parser.parse_args()
    members = Members(options.file)
    loopback.server(options.port, lambda request: answer(members, request)).serve_forever()


if __name__ == "__main__":
    main()
