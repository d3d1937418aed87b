"""Recorded KPIs: one view each over the recorded events, for any period and scope."""
