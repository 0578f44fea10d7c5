"""People and their chats, written straight into the database of this process."""

from uuid import UUID

from chatapp.accounts.models import User
from chatapp.chats.models import Chat, Message, Role, Status
from chatapp.database import new_id, transaction


async def person(name: str = "ada") -> UUID:
    """A person with an account; their id."""
    user = User(email=f"{name}-{new_id().hex}@example.org", password_hash="none")
    async with transaction() as session:
        session.add(user)
    return user.id


async def chat_of(
    user_id: UUID, *texts: str, title: str = "A chat", status: Status = Status.DONE
) -> tuple[Chat, list[Message]]:
    """A chat whose messages follow one another: question, answer, question and so on.

    ``status`` is the last message's.
    """
    chat = Chat(user_id=user_id, title=title)
    messages: list[Message] = []
    for number, text in enumerate(texts):
        messages.append(
            Message(
                chat_id=chat.id,
                user_id=user_id,
                parent_id=messages[-1].id if messages else None,
                role=Role.ANSWER if number % 2 else Role.QUESTION,
                text=text,
                client_id=None if number % 2 else new_id(),
            )
        )
    if messages:
        messages[-1].status = status
        chat.leaf_id = messages[-1].id
    async with transaction() as session:
        session.add(chat)
        await session.flush()
        for message in messages:
            session.add(message)
            await session.flush()
    return chat, messages
