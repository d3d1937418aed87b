"""``salespulse targets``: what was typed or imported becomes events; what was set is listed."""
