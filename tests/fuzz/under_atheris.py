"""libFuzzer's process, which ends when it says; the arguments are its own. Started by ``python -m tests.fuzz``."""

import sys

import atheris

# Decoding is C for the most part: what guides is the Python around it.
with atheris.instrument_imports(include=["schemas"]):
    from tests.fuzz.guided import one

atheris.Setup(sys.argv, one)
atheris.Fuzz()
