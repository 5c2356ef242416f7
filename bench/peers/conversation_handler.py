"""A peer on Telegram: python-telegram-bot's ConversationHandler, PicklePersistence and its own web server.

`python -m bench.peers.conversation_handler FOLDER PORT`: FOLDER holds people.json, and takes what is kept.
The provider's origin, the token and the secret are read from the environment, as such bots do.
"""

import json
import os
import sqlite3
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from telegram import Update
from telegram.ext import (
    Application,
    CommandHandler,
    ContextTypes,
    ConversationHandler,
    MessageHandler,
    PersistenceInput,
    PicklePersistence,
    filters,
)

from bench.peers.weekly import (
    Answers,
    Person,
    asked,
    next_question,
    read_back,
    read_people,
    received,
)

ASKING, CONFIRMING = range(2)
SEND, AGAIN = "1", "2"
PATH = "webhooks/telegram"
FLUSH = 1.0  # seconds between two writes of the pickle; the library's default is 60
_REPORT = """CREATE TABLE IF NOT EXISTS report (
    id INTEGER PRIMARY KEY, city TEXT, person TEXT, at TEXT, answers TEXT)"""


class Bot:
    """The handlers of the conversation; finished reports lie in an SQLite file."""

    def __init__(self, people: dict[str, Person], database: Path, synchronous: str) -> None:
        self._people = people
        self._reports = sqlite3.connect(database)
        self._reports.execute("PRAGMA journal_mode=WAL")
        self._reports.execute(f"PRAGMA synchronous={synchronous}")
        self._reports.execute(_REPORT)

    async def begin(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> int:
        """Ask the first question."""
        assert update.effective_user is not None
        person = self._people.get(str(update.effective_user.id))
        if person is None:
            return ConversationHandler.END
        return await self._ask(update, {}, context)

    async def answer(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> int:
        """Take an answer and ask the next question; ask again when it is not understood."""
        answers, language = self._open(update, context)
        question = next_question(answers)
        assert question is not None
        value = question.read(_text(update))
        if value is None:
            await _say(update, f"{question.refused(language)}\n{asked(question, answers, language)}")
            return ASKING
        return await self._ask(update, {**answers, question.name: value}, context)

    async def confirm(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> int:
        """Keep the report, or begin it anew."""
        answers, language = self._open(update, context)
        if _text(update) == AGAIN:
            return await self._ask(update, {}, context)
        if _text(update) != SEND:
            await _say(update, read_back(answers, language))
            return CONFIRMING
        reference = self._keep(update, answers)
        assert context.user_data is not None
        context.user_data.clear()
        await _say(update, received(reference, language))
        return ConversationHandler.END

    async def _ask(self, update: Update, answers: Answers, context: ContextTypes.DEFAULT_TYPE) -> int:
        assert context.user_data is not None
        context.user_data["answers"] = answers
        language = self._who(update).language
        question = next_question(answers)
        await _say(update, asked(question, answers, language) if question else read_back(answers, language))
        return ASKING if question else CONFIRMING

    def _open(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> tuple[Answers, str]:
        assert context.user_data is not None
        return context.user_data["answers"], self._who(update).language

    def _who(self, update: Update) -> Person:
        assert update.effective_user is not None
        return self._people[str(update.effective_user.id)]

    def _keep(self, update: Update, answers: Answers) -> str:
        """Return the reference of the report, stored."""
        assert update.effective_user is not None
        city, at = self._who(update).city, datetime.now(UTC)
        with self._reports:
            row = self._reports.execute(
                "INSERT INTO report (city, person, at, answers) VALUES (?, ?, ?, ?)",
                (city, str(update.effective_user.id), at.isoformat(), json.dumps(answers)),
            )
        return f"{city[:3].upper()}-{at:%G-W%V}-{row.lastrowid}"


def application(folder: Path, provider: str, token: str, synchronous: str) -> Any:
    """Return the application with its conversation, everything else as the library has it."""
    bot = Bot(read_people(folder / "people.json"), folder / "peer.db", synchronous)
    kept = PicklePersistence(
        folder / "peer.pickle",
        store_data=PersistenceInput(bot_data=False, chat_data=False, callback_data=False),
        update_interval=FLUSH,
    )
    made = Application.builder().token(token).base_url(f"{provider}/bot").persistence(kept).build()
    words = filters.TEXT & ~filters.COMMAND
    made.add_handler(
        ConversationHandler(
            entry_points=[CommandHandler("report", bot.begin)],
            states={
                ASKING: [MessageHandler(words, bot.answer)],
                CONFIRMING: [MessageHandler(words, bot.confirm)],
            },
            fallbacks=[CommandHandler("report", bot.begin)],
            name="weekly",
            persistent=True,
        )
    )
    return made


def main() -> None:
    """Serve until a signal ends it."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    given = os.environ
    bot = application(
        folder, given["TELEGRAM_API_URL"], given["TELEGRAM_BOT_TOKEN"], given["PEER_SYNCHRONOUS"]
    )
    bot.run_webhook(
        "127.0.0.1",
        port,
        PATH,
        webhook_url=f"https://peer.example.org/{PATH}",
        secret_token=given["TELEGRAM_WEBHOOK_SECRET"],
        allowed_updates=["message"],
    )


def _text(update: Update) -> str:
    assert update.message is not None
    return (update.message.text or "").strip()


async def _say(update: Update, text: str) -> None:
    assert update.message is not None
    await update.message.reply_text(text)


if __name__ == "__main__":
    main()
