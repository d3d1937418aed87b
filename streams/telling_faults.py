"""Whether messages can be sent as a policy file asks for: addresses, quiet hours, templates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from schemas.policy import ROUND_THE_CLOCK, Audience, Notify, PolicyFile, Receiver
from schemas.toml_tables import Fault
from streams.wording import FIELDS, OF_A_LINK, unknown_fields


def faults(file: PolicyFile) -> Iterator[Fault]:
    """Every fault of the audiences and of what is said of all messages."""
    for name, audience in file.audiences.items():
        yield from _of_audience(f"audiences.{name}", audience, file)
    yield from _of_notify(file.notify)


def unless_known(key: str, kind: str, name: str | None, known: Iterable[str]) -> Iterator[Fault]:
    """A fault if a name is none of the known ones."""
    if name is not None and name not in known:
        yield Fault(
            key, f"no such {kind}, expected one of {', '.join(sorted(known)) or 'those that are defined'}, not {name!r}"
        )


def _of_audience(key: str, audience: Audience, file: PolicyFile) -> Iterator[Fault]:
    if (audience.url_env is None) == (audience.url_file is None):
        yield Fault(key, "expected one of url_env and url_file: where the address of the webhook is read from")
    if not audience.severities:
        yield Fault(f"{key}.severities", "expected at least one of at_risk, breached, escalated")
    for severity in audience.urgent:
        if severity not in audience.severities:
            yield Fault(f"{key}.urgent", f"expected some of its severities, not {severity!r}")
    if audience.template is not None:
        yield from _of_template(f"{key}.template", audience.template, FIELDS)
    yield from _of_quiet_hours(key, audience, file)
    for kind, receivers in (("teams", audience.teams), ("reps", audience.reps)):
        for name, receiver in receivers.items():
            yield from _of_receiver(f"{key}.{kind}.{name}", receiver, file)


def _of_receiver(key: str, receiver: Receiver, file: PolicyFile) -> Iterator[Fault]:
    if receiver.url_env is not None and receiver.url_file is not None:
        yield Fault(key, "expected url_env or url_file, not both")
    if receiver == Receiver():
        yield Fault(key, "expected url_env, url_file or quiet_outside")
    yield from _of_quiet_hours(key, receiver, file)


def _of_quiet_hours(key: str, receiver: Receiver, file: PolicyFile) -> Iterator[Fault]:
    yield from unless_known(
        f"{key}.quiet_outside", "calendar", receiver.quiet_outside, {*file.calendars, ROUND_THE_CLOCK}
    )


def _of_notify(notify: Notify) -> Iterator[Fault]:
    for key, url in (("notify.lead_url", notify.lead_url), ("notify.crm_url", notify.crm_url)):
        if url is not None:
            if not url.startswith(("https://", "http://")):
                yield Fault(key, f"expected an address such as https://crm.example/leads/{{lead}}, not {url!r}")
            yield from _of_template(key, url, OF_A_LINK)
    if notify.give_up_after.business:
        yield Fault("notify.give_up_after", f"expected calendar time, not {str(notify.give_up_after)!r}")


def _of_template(key: str, template: str, known: tuple[str, ...]) -> Iterator[Fault]:
    try:
        for name in unknown_fields(template, known):
            yield Fault(key, f"no such field {{{name}}}, expected {' '.join(f'{{{each}}}' for each in known)}")
    except ValueError as error:
        yield Fault(key, f"expected fields such as {{lead}}, and {{{{ for a brace: {str(error).lower()}")
