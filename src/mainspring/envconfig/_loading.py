"""Reading profiles: a file in TOML, then the environment over it.

    [profile.default]                    TEMPORAL_PROFILE            which profile
    address = "host:7233"                TEMPORAL_ADDRESS
    namespace = "default"                TEMPORAL_NAMESPACE
    api_key = "..."                      TEMPORAL_API_KEY
    [profile.default.tls]                TEMPORAL_TLS                true or false
    disabled = false
    server_name = "..."                  TEMPORAL_TLS_SERVER_NAME
    client_cert_path = "..."             TEMPORAL_TLS_CLIENT_CERT_PATH, ..._DATA; CLIENT_KEY, SERVER_CA_CERT likewise
    [profile.default.grpc_meta]
    x-header = "..."                     TEMPORAL_GRPC_META_X_HEADER; an empty value takes the header away

The file is TEMPORAL_CONFIG_FILE, else `temporalio/temporal.toml` where the system keeps configuration. Format, names
and precedence are those of every official SDK and of the `temporal` command; a test compares them with the official.
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NoReturn, cast, get_args, get_origin

import msgspec

DEFAULT_PROFILE = "default"
GRPC_META = "TEMPORAL_GRPC_META_"
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}

Certificate = Literal["client_cert", "client_key", "server_ca_cert"]
SPOKEN = {"client_cert": "cert", "client_key": "key", "server_ca_cert": "server CA cert"}


class Tls(msgspec.Struct):
    """The table `[profile.NAME.tls]`."""

    disabled: bool | None = None
    client_cert_path: str | None = None
    client_cert_data: str | None = None
    client_key_path: str | None = None
    client_key_data: str | None = None
    server_ca_cert_path: str | None = None
    server_ca_cert_data: str | None = None
    server_name: str | None = None
    disable_host_verification: bool = False  # read so that a file which has it is good; connections always verify

    def source(self, certificate: Certificate) -> Path | bytes | None:
        path, data = self.path_and_data(certificate)
        if path is not None:
            return Path(path)
        return None if data is None else data.encode("utf-8")

    def path_and_data(self, certificate: Certificate) -> tuple[str | None, str | None]:
        return getattr(self, f"{certificate}_path"), getattr(self, f"{certificate}_data")


class Codec(msgspec.Struct):
    """The table `[profile.NAME.codec]`: for the `temporal` command, of no meaning here."""

    endpoint: str | None = None
    auth: str | None = None


class Profile(msgspec.Struct):
    """The table `[profile.NAME]`."""

    address: str | None = None
    namespace: str | None = None
    api_key: str | None = None
    tls: Tls | None = None
    codec: Codec | None = None
    grpc_meta: dict[str, str] = {}


class File(msgspec.Struct):
    """The whole file."""

    profile: dict[str, Profile] = {}


def load_profiles(source: Path | bytes | None, environment: Mapping[str, str], *, strict: bool) -> dict[str, Profile]:
    """All profiles of the source, or of the file that the environment or the system says; none if it is not there."""
    data = source if isinstance(source, bytes) else read_file(source or file_path(environment))
    profiles = parse(data, strict=strict).profile
    for profile in profiles.values():
        profile.grpc_meta = {header_name(name): value for name, value in profile.grpc_meta.items()}
        if profile.tls is not None:
            check_sources(profile.tls)
    return profiles


def chosen_profile(profiles: Mapping[str, Profile], asked: str | None) -> Profile:
    """The profile that was asked for; the default one may be absent.

    Raises: RuntimeError: there is no such profile.
    """
    name = DEFAULT_PROFILE if asked is None else asked
    if name in profiles:
        return profiles[name]
    if asked is not None:
        raise RuntimeError(f"Profile '{name}' not found")
    return Profile()


def parse(data: bytes, *, strict: bool) -> File:
    """The profiles of a file; `strict` refuses keys that there are not.

    Raises: RuntimeError: this is no such file.
    """
    try:
        table = tomllib.loads(data.decode("utf-8"))
        if strict:
            check_known(table, File, "")
        return msgspec.convert(table, File)
    except tomllib.TOMLDecodeError as error:
        fail(f"TOML parse error: {error}", error)
    except (UnicodeDecodeError, msgspec.ValidationError) as error:
        fail(str(error), error)


def check_known(table: dict[str, Any], kind: Any, where: str) -> None:
    """Refuse keys that the struct has not, there and below.

    Raises: msgspec.ValidationError: one is found.
    """
    struct = next((part for part in (kind, *get_args(kind)) if is_struct(part)), None)
    if struct is None:
        return
    if get_origin(kind) is dict:
        inner_kinds = dict.fromkeys(table, struct)
    else:
        inner_kinds = {field.name: field.type for field in msgspec.structs.fields(struct)}
    for key, inner in table.items():
        if key not in inner_kinds:
            listed = ", ".join(f"`{name}`" for name in inner_kinds)
            raise msgspec.ValidationError(f"unknown field `{key}`, expected one of {listed} - at `{where or '.'}`")
        if isinstance(inner, dict):
            check_known(cast("dict[str, Any]", inner), inner_kinds[key], f"{where}.{key}")


def is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def fail(text: str, error: Exception) -> NoReturn:
    raise RuntimeError(f"Configuration loading error: {text}") from error


def read_file(path: Path | None) -> bytes:
    """What the file holds; nothing if it is not there."""
    if path is None:
        return b""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        fail(f"{error.strerror} (os error {error.errno})", error)


def file_path(environment: Mapping[str, str]) -> Path | None:
    """The file that the environment names, else where the system keeps configuration; None without a home."""
    named = environment.get("TEMPORAL_CONFIG_FILE")
    if named:
        return Path(named)
    folder = system_folder()
    return folder / "temporalio" / "temporal.toml" if folder else None


def system_folder() -> Path | None:
    """Where programs of this system keep configuration of their user: always asked of the process's environment."""
    if sys.platform == "win32":
        roaming = os.environ.get("APPDATA")
        return Path(roaming) if roaming else None
    home = os.environ.get("HOME")
    if sys.platform == "darwin":
        return Path(home, "Library", "Application Support") if home else None
    configured = os.environ.get("XDG_CONFIG_HOME", "")
    if Path(configured).is_absolute():
        return Path(configured)
    return Path(home, ".config") if home else None


def apply_environment(profile: Profile, environment: Mapping[str, str]) -> None:
    """Write over the profile what the environment says.

    Raises: RuntimeError: a certificate is said both by path and by data.
    """
    profile.address = environment.get("TEMPORAL_ADDRESS", profile.address)
    profile.namespace = environment.get("TEMPORAL_NAMESPACE", profile.namespace)
    profile.api_key = environment.get("TEMPORAL_API_KEY", profile.api_key)
    tls = {name: value for name, value in environment.items() if name == "TEMPORAL_TLS" or is_tls_setting(name)}
    if tls:
        profile.tls = profile.tls or Tls()
        apply_tls(profile.tls, tls)
    for name, value in environment.items():
        if name.startswith(GRPC_META):
            header = header_name(name.removeprefix(GRPC_META))
            profile.grpc_meta.pop(header, None)
            if value:
                profile.grpc_meta[header] = value


def is_tls_setting(name: str) -> bool:
    return name.removeprefix("TEMPORAL_TLS_").lower() in Tls.__struct_fields__ and name.startswith("TEMPORAL_TLS_")


def apply_tls(tls: Tls, environment: Mapping[str, str]) -> None:
    wanted = BOOLEANS.get(environment.get("TEMPORAL_TLS", "").lower())
    if wanted is not None:
        tls.disabled = not wanted
    tls.server_name = environment.get("TEMPORAL_TLS_SERVER_NAME", tls.server_name)
    for certificate in get_args(Certificate):
        apply_certificate(tls, certificate, environment)


def apply_certificate(tls: Tls, certificate: Certificate, environment: Mapping[str, str]) -> None:
    names = {kind: f"TEMPORAL_TLS_{certificate.upper()}_{kind.upper()}" for kind in ("path", "data")}
    given = {kind: environment[name] for kind, name in names.items() if name in environment}
    if len(given) == 2:
        raise RuntimeError(f"Invalid configuration: Cannot specify both {names['path']} and {names['data']}")
    for kind, value in given.items():
        other = "data" if kind == "path" else "path"
        if getattr(tls, f"{certificate}_{other}") is not None:
            spoken = SPOKEN[certificate]
            raise RuntimeError(
                f"Invalid configuration: Cannot specify {spoken} {kind} via {names[kind]} "
                f"when {spoken} {other} is already specified"
            )
        setattr(tls, f"{certificate}_{kind}", value)


def check_sources(tls: Tls) -> None:
    for certificate in get_args(Certificate):
        if None not in tls.path_and_data(certificate):
            raise RuntimeError(f"Invalid configuration: Cannot specify both {certificate}_path and {certificate}_data")


def header_name(name: str) -> str:
    """As gRPC has it: `X_Header` is `x-header`."""
    return name.lower().replace("_", "-")
