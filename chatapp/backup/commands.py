"""The two commands, as an operator sees them."""

import sys
from collections.abc import Callable
from pathlib import Path

from chatapp.backup.copier import Tables, Unusable
from chatapp.backup.service import back_up, restore


def run(command: str, file: Path) -> int:
    """Make or restore a copy; the exit code says whether it is whole."""
    act: Callable[[Path], Tables] = {"backup": back_up, "restore": restore}[command]
    try:
        tables = act(file)
    except Unusable as reason:
        print(reason, file=sys.stderr)
        return 1
    rows = sum(contents.rows for contents in tables.values())
    size = file.stat().st_size / 1_000_000
    done = {"backup": "Copied to", "restore": "Restored and compared, from"}[command]
    print(f"{done} {file}: {len(tables)} tables, {rows} rows, {size:.1f} MB.")
    return 0
