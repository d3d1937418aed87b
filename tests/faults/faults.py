"""The faults that a Kafka pipeline meets, each injected at random instants while events are on their way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from tests.faults.floor import Floor
from tests.faults.of_brokers import (
    disturb_the_network,
    hang_a_transaction,
    kill_each_broker,
    kill_the_broker,
    lose_the_changelogs,
    make_a_topic_anew,
    miss_the_broker,
)
from tests.faults.of_sinks import exhaust_clickhouse, kill_clickhouse, kill_the_sink, miss_clickhouse, run_two_sinks
from tests.faults.of_time import confuse_the_times
from tests.faults.of_workers import (
    come_and_go,
    delete,
    fill_the_disk,
    freeze,
    freeze_between_steps,
    kill_between_steps,
    kill_idle,
    kill_workers,
    misset_the_clock,
    outlast_the_transaction,
    plant_a_bug,
    refuse_the_changelog,
    restart_in_turn,
    roll_back,
    take_over,
)


class Fault(NamedTuple):
    """``inflict`` does it to a floor while events are on their way; ``nodes`` brokers, ``clickhouse`` with a sink.

    ``forgets``: what was announced and refused is forgotten with the state, and told again under the same names.
    """

    name: str
    inflict: Callable[[Floor], None]
    nodes: int = 1
    clickhouse: bool = False
    forgets: bool = False


FAULTS: Final = (
    Fault("worker killed, its directory kept", kill_workers),
    Fault("worker killed, its directory deleted", lambda floor: kill_workers(floor, delete)),
    Fault("worker killed, its directory rolled back", roll_back),
    Fault("worker killed while idle", kill_idle),
    Fault("one of two workers killed, the other takes over", take_over),
    Fault("worker killed between two steps of the cycle", kill_between_steps),
    Fault("worker frozen past its session, then thawed", freeze),
    Fault("worker frozen between two steps, then thawed among others", freeze_between_steps),
    Fault("worker frozen in its transaction past the time-out", outlast_the_transaction),
    Fault("three workers restarted in turn", restart_in_turn),
    Fault("a second worker comes and goes", come_and_go),
    Fault("broker killed and restarted", kill_the_broker),
    Fault("broker away for 30 s", miss_the_broker),
    Fault("each of three brokers lost in turn", kill_each_broker, nodes=3),
    Fault("network to the broker cut, refused, held, slow, narrow", disturb_the_network),
    Fault("a producer's transaction left hanging", hang_a_transaction),
    Fault("changelog record refused by the broker", refuse_the_changelog),
    Fault("disk full under the local store", fill_the_disk),
    Fault("bug in the fold of one lead", plant_a_bug),
    Fault("clock stepping back and forth", misset_the_clock),
    Fault(
        "events weeks late, in any order, of one instant, of the future; idle topic and partition", confuse_the_times
    ),
    Fault("input topics deleted and created again", make_a_topic_anew),
    Fault("changelogs deleted and created again", lose_the_changelogs, forgets=True),
    Fault("ClickHouse refusing, cut off, held, slow, narrow", miss_clickhouse, clickhouse=True),
    Fault("ClickHouse out of memory, read-only", exhaust_clickhouse, clickhouse=True),
    Fault("ClickHouse killed and restarted", kill_clickhouse),
    Fault("sink killed, between insert and commit too", kill_the_sink, clickhouse=True),
    Fault("two sinks at once, one killed", run_two_sinks, clickhouse=True),
)
