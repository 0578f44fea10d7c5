"""Answers that hold everything an answer may hold."""

from chatapp.pool.demo import ANSWER

WIDE = "| " + " | ".join(f"column number {n}" for n in range(12)) + " |\n|" + " --- |" * 12
RICH = (
    ANSWER.replace("{question}", "> hello")
    + f"\n\n{WIDE}\n\n"
    + "averylongwordwithoutanyplacetobreakit" * 8
    + "\n\n$$\n"
    + " + ".join(f"x_{{{n}}}^2" for n in range(40))
    + "\n$$\n"
)
