"""The command line and servers with TLS: whom it trusts, and how it says who it is."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from click.testing import CliRunner, Result
from temporalio.api.workflowservice.v1 import CountWorkflowExecutionsResponse

from mainspring.cli.main import main
from tests.service.capture import CaptureServer, capture_server

NAME = "mainspring.test"
NEW_KEY = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj"]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority, another one, and what the first one signed for a server and for a client."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl, to make certificates")
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    for authority in ("ca", "other"):
        openssl(
            *NEW_KEY,
            f"/CN={authority}",
            "-x509",
            "-days",
            "2",
            "-keyout",
            f"{authority}.key",
            "-out",
            f"{authority}.pem",
        )
    (folder / "names").write_text(f"subjectAltName=DNS:{NAME}")
    for who in ("server", "client"):
        openssl(*NEW_KEY, f"/CN={who}", "-keyout", f"{who}.key", "-out", f"{who}.csr")
        signed_by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names"]
        openssl("x509", "-req", "-in", f"{who}.csr", *signed_by, "-out", f"{who}.pem")
    return folder


@asynccontextmanager
async def tls_server(certificates: Path, *, asks_client: bool = False) -> AsyncGenerator[CaptureServer]:
    """A server that counts seven workflows."""
    pair = (certificates / "server.key").read_bytes(), (certificates / "server.pem").read_bytes()
    authority = (certificates / "ca.pem").read_bytes() if asks_client else None
    credentials = grpc.ssl_server_credentials([pair], authority, require_client_auth=asks_client)
    async with capture_server(credentials) as server:
        server.answer("CountWorkflowExecutions", CountWorkflowExecutionsResponse(count=7))
        yield server


async def count(server: CaptureServer, *words: str, variables: Mapping[str, str] | None = None) -> Result:
    line = [
        "workflow",
        "count",
        "--address",
        server.address,
        "--disable-config-file",
        "--command-timeout",
        "10s",
        *words,
    ]
    return await asyncio.to_thread(CliRunner().invoke, main, line, env=variables)


@pytest.mark.parametrize("kind", ["path", "data"])
async def test_a_server_is_trusted_whose_authority_is_given(certificates: Path, kind: str) -> None:
    file = certificates / "ca.pem"
    authority = str(file) if kind == "path" else await asyncio.to_thread(file.read_text)
    async with tls_server(certificates) as server:
        counted = await count(server, f"--tls-ca-{kind}", authority, "--tls-server-name", NAME)
    assert (counted.exit_code, counted.stdout) == (0, "Total: 7\n"), counted.output


async def test_variables_say_the_same(certificates: Path) -> None:
    variables = {
        "TEMPORAL_TLS_SERVER_CA_CERT_PATH": str(certificates / "ca.pem"),
        "TEMPORAL_TLS_SERVER_NAME": NAME,
    }
    async with tls_server(certificates) as server:
        counted = await count(server, variables=variables)
    assert (counted.exit_code, counted.stdout) == (0, "Total: 7\n"), counted.output


@pytest.mark.parametrize(
    "words",
    [
        ["--tls"],
        ["--tls-ca-path", "other.pem", "--tls-server-name", NAME],
        ["--tls-ca-path", "ca.pem"],
        ["--no-tls"],
    ],
    ids=["none's", "another's", "another name", "no TLS"],
)
async def test_a_server_is_not_reached_that_is_not_trusted(certificates: Path, words: list[str]) -> None:
    given = [str(certificates / word) if word.endswith(".pem") else word for word in words]
    async with tls_server(certificates) as server:
        refused = await count(server, *given)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert server.calls == []


async def test_a_server_that_asks_who_one_is_is_told(certificates: Path) -> None:
    trusting = ["--tls-ca-path", str(certificates / "ca.pem"), "--tls-server-name", NAME]
    own = ["--tls-cert-path", str(certificates / "client.pem"), "--tls-key-path", str(certificates / "client.key")]
    async with tls_server(certificates, asks_client=True) as server:
        nobody = await count(server, *trusting)
        somebody = await count(server, *trusting, *own)
    assert (nobody.exit_code, nobody.stdout) == (1, "")
    assert (somebody.exit_code, somebody.stdout) == (0, "Total: 7\n"), somebody.output
