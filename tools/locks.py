"""`make lock`: from the lists that people edit to the pins that everything installs."""

import tempfile
from pathlib import Path

from tools import packages, phases
from tools.phases import PROJECT

HEADER = "# Written by `make lock` from {source}. Edit that file, not this one.\n"
OPTIONS = (
    "--quiet",
    "--strip-extras",
    "--no-header",
    "--no-emit-index-url",
    "--no-emit-trusted-host",
    "--no-emit-find-links",
    "--no-emit-options",
    "--annotation-style=line",
)


def lock(*, upgrade: bool = False) -> None:
    """Pin what the lists ask for, keeping versions that still fit unless they are to be newer."""
    compile_file(PROJECT / "requirements.in", packages.RUNTIME, upgrade=upgrade)
    constraint = ("--constraint", str(packages.RUNTIME.name))
    source = PROJECT / "requirements-dev.in"
    compile_file(source, packages.DEVELOPMENT, *constraint, upgrade=upgrade)


def compile_file(source: Path, target: Path, *options: str, upgrade: bool) -> None:
    """Write one file of pins, with no trace of this machine in it."""
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / target.name
        if target.is_file() and not upgrade:
            draft.write_text(target.read_text())
        command = [packages.PYTHON, "-m", "piptools", "compile", *OPTIONS, *options]
        phases.run(
            f"Pinning {source.name}",
            [*command, "--output-file", draft, source.name],
            name=f"lock-{target.stem}",
            reasons=packages.REASONS,
        )
        pins = [line for line in draft.read_text().splitlines() if "==" in line]
    target.write_text(HEADER.format(source=source.name) + "\n".join(pins) + "\n")
