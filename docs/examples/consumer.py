"""Says aloud every deadline that is missed, and how fast each team answers, as it happens. Needs kafka-python alone."""

import json
import os

from kafka import KafkaConsumer

prefix = os.environ.get("SALESPULSE_TOPIC_PREFIX", "sales")
consumer = KafkaConsumer(
    f"{prefix}.sla",
    f"{prefix}.kpi.response",
    bootstrap_servers=os.environ.get("SALESPULSE_KAFKA", "127.0.0.1:9092"),
    isolation_level="read_committed",  # a row and what it was made of are committed together
    auto_offset_reset="earliest",  # with a group_id it goes on where it stopped
)
for record in consumer:
    said = json.loads(record.value or "null")  # None: the row is no longer kept
    if said and record.topic.endswith(".sla") and said["name"] == "sla.breached":
        print(f"{said['lead']}: {said['policy']} missed, {said['owner']} of {said['team']}", flush=True)
    elif said and said.get("kpi") == "lead_response_time" and (said["grouping"], said["window"]) == ("team", "1h"):
        print(f"{said['dimensions']['team']}: half answered within {said['value']} s since {said['start']}", flush=True)
