"""The ClickHouse sink: topics in, tables and views out. ``sink.run`` is the process, ``queries`` the readers."""
