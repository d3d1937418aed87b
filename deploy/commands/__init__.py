"""The subcommands of ``salespulse``, by what they are about."""
