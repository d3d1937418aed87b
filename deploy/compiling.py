"""``python -m deploy.compiling``: the hot modules to native code, by mypyc and whatever C compiler there is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from schemas.compiled import BUILT, MODULES, ROOT, directory

GROUP: Final = "streams.core"
"""One group: calls between its modules are native."""
_OPTIONS: Final = ("--config-file=", "--ignore-missing-imports", "--follow-imports=silent")


class NoCompiler(Exception):
    """Nothing here can compile C for this Python; the text says what is missing."""


def compile_core() -> None:
    """Compile what is not compiled yet; raises ``NoCompiler``, and ``CalledProcessError`` where that fails."""
    made = directory()
    if made.is_dir():
        return
    environment = os.environ | compiler()
    scratch = BUILT / f"{made.name}.{os.getpid()}"
    shutil.rmtree(BUILT, ignore_errors=True)
    try:
        command = [sys.executable, "-m", "deploy.compiling", "--into", str(scratch)]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        (scratch / "lib").rename(made)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def compiler() -> dict[str, str]:
    """The environment that has setuptools call a C compiler: that of the system, else the one in ziglang's wheel."""
    if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        raise NoCompiler("Python's headers are not installed (Debian: apt-get install python3-dev)")
    usual = os.environ.get("CC") or sysconfig.get_config_var("CC")
    if usual and shutil.which(usual.split()[0]):
        return {}
    if found := shutil.which("cc"):
        return {"CC": found, "LDSHARED": f"{found} -shared"}
    if find_spec("ziglang") is None:
        raise NoCompiler("neither cc nor ziglang is installed")
    zig = f"{sys.executable} -m ziglang cc"
    return {"CC": zig, "LDSHARED": f"{zig} -shared"}


def _build(into: Path) -> None:
    from mypyc.build import mypycify
    from setuptools import Distribution
    from setuptools.command.build_ext import build_ext

    sources = [name.replace(".", "/") + ".py" for name in MODULES]
    extensions = mypycify([*_OPTIONS, *sources], opt_level="2", debug_level="0", group_name=GROUP, target_dir=str(into))
    command: Any = build_ext(Distribution({"name": "salespulse", "ext_modules": extensions}))
    command.build_lib, command.build_temp, command.parallel = str(into / "lib"), str(into / "temp"), os.cpu_count()
    command.ensure_finalized()
    command.run()


def main() -> None:
    """Compile, or say why not: everything works without."""
    if "--into" in sys.argv:
        _build(Path(sys.argv[-1]))
        return
    try:
        compile_core()
    except NoCompiler as error:
        print(f"the core stays plain Python, at half the speed: {error}", file=sys.stderr)
    except subprocess.CalledProcessError:
        print(
            "the core could not be compiled and stays plain Python, half as fast: see above",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main()
