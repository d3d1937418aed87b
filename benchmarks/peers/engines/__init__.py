"""One program for each engine. Each runs alone in a process, in an environment that has what it needs."""
