"""The engine: batches in, state in RocksDB and a changelog, one Kafka transaction per partition and cycle.

It knows nothing of leads. A stage gives it a :class:`~agents.engine.processor.Processor` per
partition; the engine owns fetching, recovery, the commit cycle and what happens when they fail.
"""
