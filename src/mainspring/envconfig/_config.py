"""Profiles: where a client connects, and as whom.

Loaded by `_loading`; here they become values, dictionaries as in TOML, and the arguments of `Client.connect`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeAlias, TypedDict, cast

from mainspring.envconfig._loading import Profile, Tls, apply_environment, chosen_profile, load_profiles
from mainspring.service import TLSConfig

DataSource: TypeAlias = Path | str | bytes
"""A path is a file's; a string or bytes are the content itself."""


class ClientConfigTLSDict(TypedDict, total=False):
    """TLS, as it stands in TOML; a source is `{"path": ...}` or `{"data": ...}`."""

    disabled: bool | None
    server_name: str
    server_ca_cert: Mapping[str, str]
    client_cert: Mapping[str, str]
    client_key: Mapping[str, str]


class ClientConfigProfileDict(TypedDict, total=False):
    """A profile, as it stands in TOML."""

    address: str
    namespace: str
    api_key: str
    tls: ClientConfigTLSDict
    grpc_meta: Mapping[str, str]


class ClientConnectConfig(TypedDict, total=False):
    """Arguments of `Client.connect`."""

    target_host: str
    namespace: str
    api_key: str
    tls: bool | TLSConfig
    rpc_metadata: Mapping[str, str]


@dataclass(frozen=True)
class ClientConfigTLS:
    """How a profile's connection is encrypted."""

    disabled: bool | None = None
    """True: not at all. False: yes. None: yes if there is an API key or anything else is said here."""
    server_name: str | None = None
    """The name that the server's certificate has to have."""
    server_root_ca_cert: DataSource | None = None
    client_cert: DataSource | None = None
    client_private_key: DataSource | None = None

    def to_dict(self) -> ClientConfigTLSDict:
        """As it stands in TOML, without what is not said."""
        sources = {
            "server_ca_cert": self.server_root_ca_cert,
            "client_cert": self.client_cert,
            "client_key": self.client_private_key,
        }
        given: dict[str, Any] = {"disabled": self.disabled, "server_name": self.server_name}
        given |= {name: source_dict(source) for name, source in sources.items()}
        return cast("ClientConfigTLSDict", {name: value for name, value in given.items() if value is not None})

    def to_connect_tls_config(self) -> bool | TLSConfig:
        """The argument `tls` of `Client.connect`. Reads files.

        Raises: OSError: a file cannot be read.
        """
        if self.disabled is True:
            return False
        return TLSConfig(
            domain=self.server_name,
            server_root_ca_cert=read_source(self.server_root_ca_cert),
            client_cert=read_source(self.client_cert),
            client_private_key=read_source(self.client_private_key),
        )

    @classmethod
    def from_dict(cls, d: ClientConfigTLSDict | None) -> Self | None:
        if not d:
            return None
        return cls(
            disabled=d.get("disabled"),
            server_name=d.get("server_name"),
            server_root_ca_cert=source_from_dict(d.get("server_ca_cert")),
            client_cert=source_from_dict(d.get("client_cert")),
            client_private_key=source_from_dict(d.get("client_key")),
        )


@dataclass(frozen=True)
class ClientConfigProfile:
    """One profile: where to connect, and as whom. None is what is not said."""

    address: str | None = None
    namespace: str | None = None
    api_key: str | None = None
    tls: ClientConfigTLS | None = None
    grpc_meta: Mapping[str, str] = field(default_factory=dict[str, str])
    """Headers that go with every RPC."""

    @classmethod
    def from_dict(cls, d: ClientConfigProfileDict) -> Self:
        return cls(
            address=d.get("address"),
            namespace=d.get("namespace"),
            api_key=d.get("api_key"),
            tls=ClientConfigTLS.from_dict(d.get("tls")),
            grpc_meta=d.get("grpc_meta") or {},
        )

    def to_dict(self) -> ClientConfigProfileDict:
        """As it stands in TOML, without what is not said."""
        given: dict[str, Any] = {"address": self.address, "namespace": self.namespace, "api_key": self.api_key}
        given |= {"tls": (self.tls.to_dict() or None) if self.tls else None, "grpc_meta": self.grpc_meta or None}
        return cast("ClientConfigProfileDict", {name: value for name, value in given.items() if value is not None})

    def to_client_connect_config(self) -> ClientConnectConfig:
        """Arguments of `Client.connect`, without what is not said. An API key alone asks for TLS. Reads files."""
        config: ClientConnectConfig = {}
        if self.address:
            config["target_host"] = self.address
        if self.namespace is not None:
            config["namespace"] = self.namespace
        if self.api_key is not None:
            config["api_key"] = self.api_key
            config["tls"] = True
        if self.tls is not None:
            config["tls"] = self.tls.to_connect_tls_config()
        if self.grpc_meta:
            config["rpc_metadata"] = self.grpc_meta
        return config

    @staticmethod
    def load(
        profile: str | None = None,
        *,
        config_source: DataSource | None = None,
        disable_file: bool = False,
        disable_env: bool = False,
        config_file_strict: bool = False,
        override_env_vars: Mapping[str, str] | None = None,
    ) -> ClientConfigProfile:
        """Read one profile: from `config_source` or the usual file, then the environment over it.

        `profile` is by default the one that TEMPORAL_PROFILE names, else `default`. `config_file_strict` refuses keys
        that there are not. `override_env_vars` stands for the whole environment.

        Raises: RuntimeError: there is no such profile, or something in the file or the environment is wrong.
        """
        if disable_file and disable_env:
            raise RuntimeError("Invalid configuration: Cannot disable both file and environment loading")
        environment = os.environ if override_env_vars is None else override_env_vars
        if profile is None and not disable_env:
            profile = environment.get("TEMPORAL_PROFILE") or None
        if disable_file:
            loaded = Profile()
        else:
            profiles = load_profiles(content_of(config_source), environment, strict=config_file_strict)
            loaded = chosen_profile(profiles, profile)
        if not disable_env:
            apply_environment(loaded, environment)
        return profile_of(loaded)


@dataclass
class ClientConfig:
    """All profiles by name."""

    profiles: Mapping[str, ClientConfigProfile]

    def to_dict(self) -> Mapping[str, ClientConfigProfileDict]:
        return {name: profile.to_dict() for name, profile in self.profiles.items()}

    @classmethod
    def from_dict(cls, d: Mapping[str, Mapping[str, Any]]) -> Self:
        profiles = {name: cast("ClientConfigProfileDict", profile) for name, profile in d.items()}
        return cls({name: ClientConfigProfile.from_dict(profile) for name, profile in profiles.items()})

    @staticmethod
    def load(
        *,
        config_source: DataSource | None = None,
        config_file_strict: bool = False,
        override_env_vars: Mapping[str, str] | None = None,
    ) -> ClientConfig:
        """Read all profiles from `config_source` or the usual file; the environment says only which file that is.

        Raises: RuntimeError: something in the file is wrong.
        """
        environment = os.environ if override_env_vars is None else override_env_vars
        profiles = load_profiles(content_of(config_source), environment, strict=config_file_strict)
        return ClientConfig({name: profile_of(profile) for name, profile in profiles.items()})

    @staticmethod
    def load_client_connect_config(
        profile: str | None = None,
        *,
        config_file: str | None = None,
        disable_file: bool = False,
        disable_env: bool = False,
        config_file_strict: bool = False,
        override_env_vars: Mapping[str, str] | None = None,
    ) -> ClientConnectConfig:
        """Read one profile, as `ClientConfigProfile.load` does, as arguments of `Client.connect`.

        Raises: RuntimeError: there is no such profile, or something in the file or the environment is wrong.
        """
        loaded = ClientConfigProfile.load(
            profile,
            config_source=Path(config_file) if config_file and not disable_file else None,
            disable_file=disable_file,
            disable_env=disable_env,
            config_file_strict=config_file_strict,
            override_env_vars=override_env_vars,
        )
        return loaded.to_client_connect_config()


def profile_of(loaded: Profile) -> ClientConfigProfile:
    return ClientConfigProfile(
        address=loaded.address,
        namespace=loaded.namespace,
        api_key=loaded.api_key,
        tls=None if loaded.tls is None else tls_of(loaded.tls),
        grpc_meta=loaded.grpc_meta,
    )


def tls_of(loaded: Tls) -> ClientConfigTLS:
    return ClientConfigTLS(
        disabled=loaded.disabled,
        server_name=loaded.server_name,
        server_root_ca_cert=loaded.source("server_ca_cert"),
        client_cert=loaded.source("client_cert"),
        client_private_key=loaded.source("client_key"),
    )


def content_of(source: DataSource | None) -> Path | bytes | None:
    """The source as a path or as what it holds.

    Raises: TypeError: it is neither.
    """
    if source is None or isinstance(source, Path):
        return source
    if isinstance(source, str):
        return source.encode("utf-8")
    if isinstance(source, bytes):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without types
        return source
    raise TypeError(f"config_source must be one of pathlib.Path, str, bytes, or None, but got {type(source).__name__}")


def read_source(source: DataSource | None) -> bytes | None:
    content = content_of(source)
    return content.read_bytes() if isinstance(content, Path) else content


def source_dict(source: DataSource | None) -> Mapping[str, str] | None:
    content = content_of(source)
    if isinstance(content, Path):
        return {"path": str(content)}
    return None if content is None else {"data": content.decode("utf-8")}


def source_from_dict(d: Mapping[str, Any] | None) -> DataSource | None:
    if d and "data" in d:
        return cast("str | bytes", d["data"])
    return Path(d["path"]) if d and "path" in d else None
