"""``deploy/asyncapi.yaml``: what is read and published, for tools that know AsyncAPI 3; shapes are our JSON Schemas."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final, get_args

from deploy.render.yaml import dump
from deploy.topics import TOPICS, Topic
from schemas.catalogue import Family
from schemas.events import TYPES
from schemas.settings import Settings

_INPUTS: Final = {
    "leads": "Leads: engaged, assigned, moved, merged, closed.",
    "calls": "Calls: completed, scheduled, missed.",
    "emails": "Mails and other messages: sent, delivered, read, answered.",
    "deals": "Deals: opened, moved, won, lost, and what became of customers.",
    "observations": "What is measured elsewhere: spend, answers to surveys, prices, active users.",
    "targets": "What is to be reached of a KPI, by whom and by when.",
}
_OUTPUTS: Final = {
    "lead-facts": ("lead-facts", "What is known of a lead, as it stands."),
    **{f"kpi.{family}": ("kpi-row", f"KPI rows of the family {family}, as they stand.")
       for family in get_args(Family)},
    "kpi.target": ("kpi-row", "How far along targets are."),
    "sla": ("sla-event", "What became of service level clocks: started, at risk, met, breached."),
    "dead-letters": ("dead-letter", "Records that could not be used, whole, and why."),
}  # fmt: skip
_KEYS: Final = {
    "observations": "the subject: the name of the series",
    "targets": "the subject: JSON of [kpi, scope, start, end]",
    "kpi": "JSON of [kpi, grouping, dimensions, window, start]",
    "dead-letters": "the key of the record that could not be used",
}


def files() -> dict[str, str]:
    """The document's path → its text."""
    head = "# Written by `salespulse render`: do not edit.\n"
    return {"deploy/asyncapi.yaml": head + dump(document(Settings.model_construct()))}


def document(settings: Settings) -> dict[str, Any]:
    """The topics of the contract, as these settings name them; those between our own stages are nobody else's."""
    public = [topic for topic in TOPICS if not topic.name.startswith("internal.")]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "salespulse",
            "version": version("salespulse"),
            "description": "Events of a sales floor in, KPIs and service levels out. Read what is published with"
            " isolation.level=read_committed: a row and what it was made of are committed together.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {_id(topic.name): _channel(topic, settings) for topic in public},
        "operations": {
            f"{'read' if topic.name in _INPUTS else 'publish'}-{_id(topic.name)}": _operation(topic) for topic in public
        },
        "components": {"messages": {_id(name): _message(name) for name in _message_names()}},
    }


def _message_names() -> list[str]:
    read = [kind for kinds in TYPES.values() for kind in kinds]
    return read + list(dict.fromkeys(shape for shape, _ in _OUTPUTS.values()))


def _id(name: str) -> str:
    return name.replace(".", "-")


def _channel(topic: Topic, settings: Settings) -> dict[str, Any]:
    told = _INPUTS.get(topic.name) or _OUTPUTS[topic.name][1]
    config: dict[str, Any] = {"cleanup.policy": topic.config["cleanup.policy"].split(",")}
    config |= {name: int(topic.config[name]) for name in ("retention.ms", "max.message.bytes") if name in topic.config}
    messages = list(TYPES[topic.name]) if topic.name in _INPUTS else [_OUTPUTS[topic.name][0]]
    return {
        "address": settings.topic(topic.name),
        "description": f"{told} The key is {_key(topic)}.",
        "messages": {_id(name): {"$ref": f"#/components/messages/{_id(name)}"} for name in messages},
        "bindings": {"kafka": {"topicConfiguration": config}},
    }


def _key(topic: Topic) -> str:
    return _KEYS.get(topic.name) or _KEYS.get(topic.name.partition(".")[0]) or "the id of the lead"


def _operation(topic: Topic) -> dict[str, Any]:
    action = "receive" if topic.name in _INPUTS else "send"
    return {"action": action, "channel": {"$ref": f"#/channels/{_id(topic.name)}"}}


def _message(name: str) -> dict[str, Any]:
    is_event = any(name in kinds for kinds in TYPES.values())
    content = {"contentType": "application/cloudevents+json"} if is_event else {}
    return {
        "name": name,
        **content,
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"schemas/{name}.json"},
        },
        "bindings": {"kafka": {"key": {"type": "string"}}},
    }
