"""``salespulse notify``: from the clock events to the messages that are sent of them."""
