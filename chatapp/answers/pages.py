"""The chat page, with a chat or without one."""

from typing import Any

import reflex as rx
from reflex_base.components.component import NoSSRComponent

from chatapp.agents.components import agents_link
from chatapp.announcements.components import announcements
from chatapp.answers.agent_picker import agent_greeting, agent_picker
from chatapp.answers.components import CHAT_ID, conversation
from chatapp.answers.composer import composer
from chatapp.answers.state import ChatState
from chatapp.answers.views import ChatView
from chatapp.chats.components import Uses, chat_list, new_chat_link
from chatapp.ui.behaviour import loads
from chatapp.ui.layout import frame
from chatapp.ui.store import stored

_NO_CHAT = rx.Var("undefined", _var_type=ChatView)
_CONVERSATION = conversation(chat=_NO_CHAT)


class LazyConversation(NoSSRComponent):
    """The conversation, loaded after the page: what renders markdown is most of the weight."""

    library = str(_CONVERSATION.library)
    tag = str(_CONVERSATION.tag)

    chat: rx.Var[Any]


def home_page() -> rx.Component:
    """A greeting, suggestions and the composer."""
    return _page(_greeting())


def chat_page() -> rx.Component:
    """One chat and the composer."""
    return _page(LazyConversation.create(chat=chat(), key=CHAT_ID))


def chat() -> rx.Var[Any]:
    """The chat that the URL names, as the store holds it."""
    return stored(f"c:{CHAT_ID}", ChatView)


def _page(content: rx.Component) -> rx.Component:
    return frame(
        rx.fragment(
            new_chat_link(),
            agents_link(),
            rx.el.div(
                chat_list(Uses(CHAT_ID, ChatState.rename, ChatState.delete)),
                class_name="flex-1 min-h-0 overflow-y-auto -mx-1 px-1",
            ),
        ),
        rx.fragment(announcements(), content),
        composer(chat(), CHAT_ID),
        title=stored(f"c:{CHAT_ID}", dict).to(dict)["title"].to(str),
        aside=agent_picker(chat()),
    )


def _greeting() -> rx.Component:
    return rx.el.div(
        # Loaded while the first question is being typed.
        rx.el.span(on_mount=loads(LazyConversation.library)),
        agent_greeting(),
        class_name=(
            "flex-1 min-h-0 overflow-y-auto flex flex-col items-center px-4 py-6 text-center"
        ),
    )
