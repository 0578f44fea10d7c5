"""The same screen with all of it in one state, into which a background task streams."""

import os
from typing import Any

import reflex as rx
from langchain_groq import ChatGroq
from pydantic import SecretStr

model = ChatGroq(
    model="bench",
    api_key=SecretStr("none"),
    base_url=os.environ["PROVIDER_URL"],
    max_retries=0,
)


class Chat(rx.State):
    """What one tab shows."""

    chats: list[str] = ["A chat about this and that"] * 3
    messages: list[dict[str, str]] = []  # noqa: RUF012
    running: bool = False

    @rx.event
    def fill(self, texts: list[str]) -> None:
        """Put messages into the chat before it is measured."""
        roles = ("user", "assistant")
        self.messages = [
            {"role": roles[number % 2], "text": text} for number, text in enumerate(texts)
        ]

    @rx.event
    def send(self, form: dict[str, str]) -> Any:
        """Take what the composer has."""
        return Chat.ask(form["question"])

    @rx.event(background=True)
    async def ask(self, question: str) -> None:
        """Ask the model and show its words as they come."""
        async with self:
            self.running = True
            self.messages.append({"role": "user", "text": question})
            # As many as chatapp gives a model.
            history = [(message["role"], message["text"]) for message in self.messages[-40:]]
            self.messages.append({"role": "assistant", "text": ""})
        async for chunk in model.astream(history):
            if chunk.text:
                async with self:
                    self.messages[-1]["text"] += chunk.text
        async with self:
            self.running = False


def page() -> rx.Component:
    """The chats beside the messages, and a composer below."""
    return rx.hstack(
        rx.vstack(rx.foreach(Chat.chats, rx.text)),
        rx.vstack(
            rx.foreach(Chat.messages, lambda message: rx.markdown(message["text"])),
            rx.form(
                rx.input(name="question", disabled=Chat.running),
                rx.button("Send", disabled=Chat.running),
                on_submit=Chat.send,
                reset_on_submit=True,
            ),
        ),
    )


app = rx.App()
app.add_page(page, route="/")
