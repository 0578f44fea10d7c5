"""A program as the supervisor runs it: it says its process's number to whoever connects.

A file beside it makes the next one end at once, or takes the patience from it.
"""

import os
import signal
import socket
import sys
import time
from pathlib import Path

folder = Path(sys.argv[1])
if (folder / "broken").exists():
    sys.exit("It is broken.")
if (folder / "slow").exists():
    time.sleep(0.5)


def leave(_number: int, _frame: object) -> None:
    if not (folder / "stubborn").exists():
        # Whoever has been let in is told before it ends.
        listener.close()


listener = socket.socket(fileno=int(os.environ["CHATAPP_LISTENER"]))
listener.listen()
for number in (signal.SIGUSR1, signal.SIGTERM):
    signal.signal(number, leave)
print("I listen", flush=True)
while True:
    try:
        connection, _address = listener.accept()
    except OSError:
        break
    connection.sendall(str(os.getpid()).encode())
    connection.close()
