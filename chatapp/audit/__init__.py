"""Who did what, when, from where: one row for each change and each sign-in, and never less.

What an admin changes is noted in the transaction that changes it::

    await audit.note(session, "limits.changed", by=user_id, subject="…", before={…}, after={…})

It lies below all domains and knows none: people are their ids, which outlive them and name nobody.
"""

from chatapp.audit.service import account, coming_from, note, of_person, record

__all__ = ["account", "coming_from", "note", "of_person", "record"]
