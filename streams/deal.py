"""The deal KPIs: what was opened, proposed, won and lost, what it is worth and how long it took."""

from __future__ import annotations

from schemas.events import Millis
from streams.deals import Closed, Left, Moment, Opened, Proposed
from streams.money import scaled
from streams.rules import Rules


def opportunities_created(moment: Moment, rules: Rules) -> int | None:
    """One per deal that was opened."""
    return 0 if isinstance(moment, Opened) else None


def proposals_sent(moment: Moment, rules: Rules) -> int | None:
    """One each time that a deal enters the stage proposal."""
    return 0 if isinstance(moment, Proposed) else None


def deals_won(moment: Moment, rules: Rules) -> int | None:
    """One per deal that was won in the end."""
    return 0 if isinstance(moment, Closed) and moment.deal.is_won else None


def deals_lost(moment: Moment, rules: Rules) -> int | None:
    """One per deal that was lost in the end."""
    return 0 if isinstance(moment, Closed) and not moment.deal.is_won else None


def won_amount(closed: Closed, rules: Rules) -> int | None:
    """What a deal won is worth, scaled."""
    return closed.deal.amount if closed.deal.is_won else None


def lost_amount(closed: Closed, rules: Rules) -> int | None:
    """What a deal lost would have been worth, scaled."""
    return None if closed.deal.is_won else closed.deal.amount


def won_units(closed: Closed, rules: Rules) -> int | None:
    """Units of a deal won, scaled like an amount."""
    units = closed.deal.stated("units")
    return scaled(units) if closed.deal.is_won and units is not None else None


def win_rate(moment: Moment, rules: Rules) -> int | None:
    """Whether a deal that ended was won."""
    return int(moment.deal.is_won) if isinstance(moment, Closed) else None


def closing_ratio(moment: Moment, rules: Rules) -> int | None:
    """Whether a deal that was opened is won."""
    return int(moment.deal.is_won) if isinstance(moment, Opened) else None


def quote_to_close(moment: Moment, rules: Rules) -> int | None:
    """Whether a deal that was proposed for the first time is won."""
    return int(moment.deal.is_won) if isinstance(moment, Proposed) and moment.is_first else None


def sales_cycle_length(moment: Moment, rules: Rules) -> Millis | None:
    """Milliseconds from the opening of a deal to its being won; one whose opening is not known has none."""
    if not isinstance(moment, Closed) or not moment.deal.is_won or moment.deal.opened is None:
        return None
    return max(0, moment.at - moment.deal.opened.time)


def conversion_time(moment: Moment, rules: Rules) -> Millis | None:
    """Milliseconds from the engagement of a lead to a deal being won; a subject that never engaged has none."""
    if not isinstance(moment, Closed) or not moment.deal.is_won or moment.deal.instance.engaged is None:
        return None
    return max(0, moment.at - moment.deal.instance.engaged_at)


def stage_duration(left: Left, rules: Rules) -> Millis | None:
    """Milliseconds that a deal spent in a stage."""
    return None if left.visit.left is None else left.visit.left.time - left.visit.entered.time


def stage_conversion(left: Left, rules: Rules) -> int:
    """Whether a deal left a stage for another or was won, rather than lost."""
    return int(left.visit.left is not None and left.visit.left.type != "deal.lost")


def touches_per_stage_move(left: Left, rules: Rules) -> int:
    """The touches of the lead while its deal was in a stage."""
    return left.touches
