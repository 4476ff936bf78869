"""Which names a browser may call this server by."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final

ANY: Final = "*"
_OWN_NAMES: Final = ("localhost", "127.0.0.1", "[::1]")


def allowed_hosts(ip: str, configured: Sequence[str]) -> frozenset[str]:
    """What is configured; else the machine's own names if `ip` is loopback, and any name if it is not."""
    if configured:
        return frozenset(host.lower() for host in configured)
    if not is_loopback(ip):
        return frozenset({ANY})
    return frozenset({*_OWN_NAMES, f"[{ip}]" if ":" in ip else ip})


def is_loopback(ip: str) -> bool:
    """Whether only this machine reaches an address or name."""
    if ip == "localhost":
        return True
    try:
        return ipaddress.ip_address(ip).is_loopback
    except ValueError:
        return False


def is_allowed(header: str, hosts: frozenset[str]) -> bool:
    """Whether the header `Host`, which may name a port, has one of these names."""
    return ANY in hosts or _without_port(header.lower()) in hosts


def _without_port(header: str) -> str:
    name, colon, port = header.rpartition(":")
    return name if colon and (port.isascii() and port.isdigit()) else header
