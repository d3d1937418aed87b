"""A real Kafka and a real ClickHouse behind TLS and passwords, with certificates made for the test."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import aiohttp
import trustme
from aiohttp import web
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from kafka import KafkaAdminClient
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

from deploy.local.kafka import LocalKafka
from tests.agents.workers import free_port

USER: Final = "salespulse"
PASSWORD: Final = "open sesame 4711"
_LOGIN: Final = "org.apache.kafka.common.security"


class SecuredKafka(LocalKafka):
    """It listens with TLS as well, at ``address`` by protocol, and knows one user by PLAIN and by SCRAM-SHA-512."""

    def __init__(self, directory: Path, cache: Path, authority: trustme.CA) -> None:
        super().__init__(directory, cache)
        self.address = {protocol: f"127.0.0.1:{free_port()}" for protocol in ("SSL", "SASL_SSL")}
        self.directory.mkdir(parents=True)
        self._certificate = self.directory / "server.pem"
        issued = authority.issue_cert("127.0.0.1")
        # Java reads keys in PKCS #8 only.
        key = load_pem_private_key(issued.private_key_pem.bytes(), None)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._certificate.write_bytes(pem + b"".join(part.bytes() for part in issued.cert_chain_pems))

    def properties(self, port: int, controller_port: int) -> str:
        plain = super().properties(port, controller_port)
        said = dict(line.split("=", 1) for line in plain.splitlines())
        for name in ("listeners", "advertised.listeners", "listener.security.protocol.map"):
            whats = ([protocol, protocol] if name.endswith("map") else [protocol, f"//{address}"]
                     for protocol, address in self.address.items())  # fmt: skip
            said[name] += "".join(f",{listener}:{what}" for listener, what in whats)
        said |= {
            "inter.broker.listener.name": "PLAINTEXT",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self._certificate),
            "listener.name.sasl_ssl.sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
            "listener.name.sasl_ssl.plain.sasl.jaas.config": (
                f'{_LOGIN}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";'
            ),
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": f"{_LOGIN}.scram.ScramLoginModule required;",
        }
        return "".join(f"{name}={value}\n" for name, value in said.items())

    def let_in(self, plainly: str) -> None:
        """Make the user of SCRAM, whom the broker keeps itself; ``plainly`` is the address that asks nobody."""
        admin = KafkaAdminClient(bootstrap_servers=plainly)
        new = UserScramCredentialUpsertion(USER, ScramMechanism.SCRAM_SHA_512, PASSWORD)
        assert admin.alter_user_scram_credentials([new]) == {USER: None}
        admin.close()


@contextmanager
def before_clickhouse(plainly: str, authority: trustme.CA) -> Iterator[str]:
    """Where the ClickHouse at ``plainly`` is to be had by TLS and by the user and password only; ``host:port``."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    loop, port = asyncio.new_event_loop(), free_port()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    runner = asyncio.run_coroutine_threadsafe(_served(plainly, port, context), loop).result(30)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _served(plainly: str, port: int, context: ssl.SSLContext) -> web.AppRunner:
    allowed = aiohttp.BasicAuth(USER, PASSWORD).encode()

    async def passed_on(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != allowed:
            refused = f"Code: 516. DB::Exception: {USER}: Authentication failed (AUTHENTICATION_FAILED)"
            return web.Response(status=403, text=refused, headers={"X-ClickHouse-Exception-Code": "516"})
        body, headers = await request.read(), _passed_on(request.headers)
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.request(request.method, f"{plainly}{request.rel_url}", data=body, headers=headers) as answer,
        ):
            return web.Response(status=answer.status, body=await answer.read(), headers=_passed_on(answer.headers))

    app = web.Application(client_max_size=2**30)
    app.router.add_route("*", "/{path:.*}", passed_on)
    runner = web.AppRunner(app, access_log=None, auto_decompress=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context).start()
    return runner


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    """Those that are not of one connection."""
    own = ("host", "content-length", "transfer-encoding", "connection")
    return {name: value for name, value in headers.items() if name.lower() not in own}
