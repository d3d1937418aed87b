"""The same work by this pipeline and by its peers, in one run. ``python -m benchmarks.peers`` measures.

The work: four topics of events, keyed by lead. State is kept for each lead (when it engaged, was first touched, last
replied, and its team). A *cell* for each team and window of five minutes counts leads that engaged in it, how many of
them were answered, after how long, within which limits, and leads first touched in it, and how many of them replied.
Events may come in any order across the topics. State is fault tolerant, by changelog, snapshot or checkpoint about
once a second; a cell that changed is published whole, at most once a second.
"""
