"""Messages out: webhooks that are posted to, the topic of what was told, and what Prometheus hears of it."""
