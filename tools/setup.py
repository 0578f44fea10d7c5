"""The entry of every make target. It parses on old Pythons, so that it can tell them apart."""

import os
import shutil
import subprocess
import sys

NEEDED = (3, 11)
NEWER = ["python3.%d" % minor for minor in (13, 12, 11, 14)]  # noqa: UP031


def newer():
    """A Python on this machine that is new enough, or None."""
    which = getattr(shutil, "which", lambda name: None)
    for name in NEWER:
        path = which(name)
        if path is None:
            continue
        with open(os.devnull, "w") as nothing:  # noqa: PTH123
            if subprocess.call([path, "-c", ""], stdout=nothing, stderr=nothing) == 0:
                return path
    return None


def main():
    """Hand over to the commands, on a Python that is new enough."""
    if sys.version_info < NEEDED:
        path = newer()
        if path is None:
            sys.exit(
                "chatapp needs Python 3.11 or newer, and this is Python %d.%d: install a "  # noqa: UP031
                "newer one, or name it with `make run PYTHON=/path/to/python3`."
                % sys.version_info[:2]
            )
        os.execv(path, [path] + sys.argv)  # noqa: RUF005
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    from tools import commands

    sys.exit(commands.main(sys.argv[1:]))


if __name__ == "__main__":
    main()
