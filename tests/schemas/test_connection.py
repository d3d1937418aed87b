from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from pydantic import ValidationError

from schemas import connection
from schemas.settings import Settings

SASL = {"kafka": "broker:9093", "kafka_security_protocol": "SASL_SSL", "kafka_user": "joe"}


def of(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    (tmp_path / "salespulse_kafka_password").write_text("from a file\n")
    return tmp_path


def test_a_password_is_read_from_the_directory_of_secrets(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESPULSE_SECRETS_DIR", str(secrets))
    assert connection.kafka(of(**SASL))["sasl_plain_password"] == "from a file"


def test_the_directory_of_secrets_may_stand_in_the_file_of_settings(secrets: Path, tmp_path: Path) -> None:
    (tmp_path / "settings").write_text(f"SALESPULSE_SECRETS_DIR={secrets}\nSALESPULSE_KAFKA=broker:9093\n")
    found = Settings(_env_file=tmp_path / "settings", kafka_security_protocol="SASL_PLAINTEXT", kafka_user="joe")
    assert connection.kafka(found)["sasl_plain_password"] == "from a file"


def test_the_environment_comes_before_the_directory_of_secrets(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESPULSE_KAFKA_PASSWORD", "from the environment")
    assert connection.kafka(of(secrets_dir=secrets, **SASL))["sasl_plain_password"] == "from the environment"


def test_no_password_is_in_what_is_said_of_the_settings(secrets: Path) -> None:
    said = of(secrets_dir=secrets, clickhouse_password="sesame", **SASL)
    assert not any(secret in f"{said!r}{said}{said.model_dump()}" for secret in ("from a file", "sesame"))


@pytest.mark.parametrize(
    ("values", "field", "why"),
    [
        ({"kafka_security_protocol": "SSL"}, "kafka_security_protocol", "the local broker speaks PLAINTEXT"),
        ({**SASL, "kafka_user": None, "kafka_password": "x"}, "kafka_user", "a user and a password"),
        (SASL, "kafka_password", "a user and a password"),
        ({"kafka_sasl_mechanism": "GSSAPI"}, "kafka_sasl_mechanism", "SCRAM-SHA-512"),
        ({"secrets_dir": "/dev/null"}, "secrets_dir", "a directory"),
        ({"kafka_ca": __file__}, "kafka_ca", "certificates in PEM"),
        ({"clickhouse_ca": "/nowhere.pem"}, "clickhouse_ca", "certificates in PEM"),
    ],
)
def test_what_cannot_be_is_refused_at_the_setting(values: dict[str, Any], field: str, why: str) -> None:
    with pytest.raises(ValidationError) as refused:
        of(**values)
    [problem] = refused.value.errors()
    assert problem["loc"] == (field,)
    assert why in problem["msg"]
    assert problem["input"] != "x"


def test_kafka_is_believed_by_the_authority_that_is_set_and_by_no_other(tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    context = connection.kafka(of(**SASL, kafka_password="x", kafka_ca=tmp_path / "ca.pem"))["ssl_context"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert len(context.get_ca_certs()) == 1


def test_without_settings_nothing_is_encrypted_and_nobody_asked() -> None:
    assert connection.kafka(of(kafka="broker:9092")) == {
        "bootstrap_servers": "broker:9092",
        "security_protocol": "PLAINTEXT",
    }
    assert connection.clickhouse(of(clickhouse="http://db:8123/x")) == {
        "dsn": "http://db:8123/x",
        "interface": "http",
    }


def test_the_scheme_of_the_address_says_whether_clickhouse_is_spoken_to_by_tls() -> None:
    assert connection.clickhouse(of(clickhouse="https://db:9443/x"))["interface"] == "https"
