from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from asyncapi3.models.asyncapi import AsyncAPI3
from pydantic import ValidationError

from deploy.render import asyncapi
from deploy.topics import TOPICS
from schemas.events import TYPES
from schemas.settings import Settings

FOLDER: Final = Path(__file__).parents[2] / "deploy"


@pytest.fixture
def document() -> dict[str, Any]:
    return dict(yaml.safe_load(asyncapi.files()["deploy/asyncapi.yaml"]))


def test_it_is_a_document_of_asyncapi_3(document: dict[str, Any]) -> None:
    AsyncAPI3.model_validate(document)
    document["channels"]["leads"]["adress"] = "sales.leads"
    with pytest.raises(ValidationError, match="adress"):
        AsyncAPI3.model_validate(document)


def test_it_has_every_topic_but_those_between_our_own_stages(document: dict[str, Any]) -> None:
    addresses = {channel["address"] for channel in document["channels"].values()}
    assert addresses == {f"sales.{topic.name}" for topic in TOPICS if not topic.name.startswith("internal.")}
    others = asyncapi.document(Settings(topic_prefix="eu", _env_file=None))["channels"].values()
    assert {channel["address"] for channel in others} == {address.replace("sales", "eu", 1) for address in addresses}


def test_whoever_reads_a_topic_finds_the_shape_of_what_is_in_it(document: dict[str, Any]) -> None:
    messages = document["components"]["messages"]
    for message in messages.values():
        assert (FOLDER / message["payload"]["schema"]["$ref"]).exists()
    named = {
        ref["$ref"].rpartition("/")[2]
        for channel in document["channels"].values()
        for ref in channel["messages"].values()
    }
    assert named == set(messages)
    for topic, kinds in TYPES.items():
        found = {messages[key]["name"] for key in document["channels"][topic]["messages"]}
        assert found == set(kinds)


def test_events_are_received_and_results_are_sent(document: dict[str, Any]) -> None:
    actions = {
        operation["channel"]["$ref"].rpartition("/")[2]: operation["action"]
        for operation in document["operations"].values()
    }
    assert {channel for channel, action in actions.items() if action == "receive"} == set(TYPES)
    assert set(actions) == set(document["channels"])
