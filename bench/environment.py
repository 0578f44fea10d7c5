"""Environments of their own for peers whose dependencies are none of ours."""

import subprocess
import sys
import venv
from importlib.metadata import version
from pathlib import Path

from chatapp.settings import PROJECT


def python_with(package: str, release: str, *also: str) -> Path | None:
    """The Python of an environment with a package, made at the first use.

    Args:
        package: What is wanted.
        release: Which of its releases.
        also: Other packages, of the releases that we have.

    Returns:
        None: it cannot be made.
    """
    folder = PROJECT / "run" / "peers" / f"{package}-{release}"  # which `make clean` removes
    python, done = folder / "bin" / "python", folder / "installed"
    if done.is_file():
        return python
    print(f"Installing {package} {release} below {folder.parent} …", flush=True)
    venv.create(folder, with_pip=True, clear=True)
    wanted = [f"{package}=={release}", *(f"{name}=={version(name)}" for name in also)]
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]
    installed = subprocess.run(pip, capture_output=True, text=True, check=False)
    if installed.returncode != 0:
        print(f"{package} could not be installed: it is left out.", file=sys.stderr)
        return None
    done.touch()
    return python
