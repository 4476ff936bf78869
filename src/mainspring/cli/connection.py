"""Where a command connects, and as whom: flags over the environment's variables over the profile in `temporal.toml`.

global options + os.environ + temporal.toml  --profile_of-->  Profile  --connect_config-->  ConnectConfig
"""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import click

from mainspring import __version__
from mainspring.envconfig._loading import Certificate, Profile, Tls, apply_environment, chosen_profile, load_profiles
from mainspring.service import ConnectConfig, TLSConfig

DEFAULT_ADDRESS: Final = "localhost:7233"
DEFAULT_NAMESPACE: Final = "default"

_CERTIFICATES: Final[Mapping[Certificate, str]] = {"client_cert": "cert", "client_key": "key", "server_ca_cert": "ca"}
"""Names in profiles, and in flags."""

Given = Mapping[str, Any]


def profile_of(given: Given, environment: Mapping[str, str]) -> Profile:
    """The profile that counts, with what flags and variables say over it.

    Raises: click.ClickException: there is no such profile, or something in it is wrong.
    """
    variables: Mapping[str, str] = {} if given.get("disable_config_env") else environment
    try:
        profile = stored_profile(given, variables)
        apply_environment(profile, variables)
        over = Profile(address=given.get("address"), namespace=given.get("namespace"), api_key=given.get("api_key"))
        profile.address = over.address or profile.address or DEFAULT_ADDRESS
        profile.namespace = over.namespace or profile.namespace or DEFAULT_NAMESPACE
        profile.api_key = over.api_key or profile.api_key
        profile.grpc_meta |= {name.lower(): value for name, value in given.get("grpc_meta", ())}
        apply_tls_flags(profile, given)
    except RuntimeError as error:
        raise click.ClickException(f"failed loading client config: {error}") from error
    profile.address = profile.address.replace("${namespace}", profile.namespace)
    return profile


def stored_profile(given: Given, variables: Mapping[str, str]) -> Profile:
    """The profile as the configuration file has it; an empty one without the file."""
    if given.get("disable_config_file"):
        return Profile()
    file = given.get("config_file")
    profiles = load_profiles(Path(file) if file else None, variables, strict=False)
    return chosen_profile(profiles, given.get("profile") or variables.get("TEMPORAL_PROFILE") or None)


def apply_tls_flags(profile: Profile, given: Given) -> None:
    """Write over the profile what flags say of TLS; any of them but `--no-tls` asks for it."""
    said = {name: value for name, value in given.items() if name.startswith("tls")}
    if not said:
        return
    tls = profile.tls = profile.tls or Tls()
    for name, short in _CERTIFICATES.items():
        for kind, other in (("path", "data"), ("data", "path")):
            value = said.get(f"tls_{short}_{kind}")
            if value is not None:
                setattr(tls, f"{name}_{kind}", value)
                if said.get(f"tls_{short}_{other}") is None:
                    setattr(tls, f"{name}_{other}", None)
    tls.server_name = said.get("tls_server_name", tls.server_name)
    tls.disable_host_verification = said.get("tls_disable_host_verification", tls.disable_host_verification)
    if said.get("tls") is not None:
        tls.disabled = not said["tls"]


def connect_config(profile: Profile, given: Given) -> ConnectConfig:
    """How to connect as the profile says. Reads the files of certificates.

    Raises: click.ClickException: a file cannot be read, or this client cannot do what is asked.
    """
    assert profile.address is not None
    if given.get("client_authority"):
        raise click.ClickException("--client-authority is not supported: --tls-server-name sets the name of a server")
    timeout: timedelta | None = given.get("client_connect_timeout")
    return ConnectConfig(
        target_host=profile.address,
        api_key=profile.api_key,
        tls=tls_config(profile),
        identity=given.get("identity") or default_identity(),
        rpc_metadata={
            "client-name": "mainspring-cli",
            "client-version": __version__,
            "caller-type": "operator",
            **profile.grpc_meta,
        },
        lazy=timeout is None,
        connect_timeout=timeout,
    )


def tls_config(profile: Profile) -> bool | TLSConfig | None:
    tls = profile.tls
    if tls is None:
        return None
    if tls.disabled:
        return False
    if tls.disable_host_verification:
        raise click.ClickException("--tls-disable-host-verification is not supported: give --tls-ca-path instead")
    config = TLSConfig(domain=tls.server_name)
    try:
        return replace(
            config,
            client_cert=certificate(tls, "client_cert"),
            client_private_key=certificate(tls, "client_key"),
            server_root_ca_cert=certificate(tls, "server_ca_cert"),
        )
    except OSError as error:
        raise click.ClickException(f"failed reading {error.filename}: {error.strerror}") from error


def certificate(tls: Tls, name: Certificate) -> bytes | None:
    source = tls.source(name)
    return source.read_bytes() if isinstance(source, Path) else source


def default_identity() -> str:
    return f"mainspring-cli:{user_name()}@{socket.gethostname()}"


def user_name() -> str:
    """Who runs this program."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # nobody by that number
        return f"user-{os.getuid()}" if hasattr(os, "getuid") else "unknown-user"
