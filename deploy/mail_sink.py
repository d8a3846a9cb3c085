"""The local mail server of embedded mode: takes every message over SMTP, keeps it in SQLite and shows it at /mail/."""

from __future__ import annotations

import asyncio
import email
import email.policy
import html
import re
import threading
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import sqlalchemy as sa
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Blueprint, Flask, Response, abort, jsonify, render_template
from sqlalchemy.engine import Engine

from libs import database
from libs.ids import new_id

metadata = sa.MetaData()
mail = sa.Table(
    "mail",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("sender", sa.String, nullable=False),
    sa.Column("recipients", sa.JSON, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("receive_time", database.UtcDateTime, nullable=False),
)


class MailSink:
    """An SMTP server on a loopback port that the system chooses, and the pages that show what it took."""

    def __init__(self, url: str) -> None:
        self._engine = database.connect(url)
        metadata.create_all(self._engine)
        self.port = 0

    def start(self) -> None:
        """Listen; `port` is known afterwards."""
        loop = asyncio.new_event_loop()
        keep = _Keep(self._engine)
        server = loop.run_until_complete(loop.create_server(lambda: SMTP(keep, enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        threading.Thread(target=loop.run_forever, name="mail-sink", daemon=True).start()

    def app(self) -> Flask:
        app = Flask(__name__, template_folder="templates", static_folder=None)
        app.register_blueprint(_pages(self._engine))
        return app


class _Keep:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        row = {"id": new_id(), "sender": envelope.mail_from or "", "recipients": envelope.rcpt_tos, "content": content}
        with self._engine.begin() as connection:
            connection.execute(sa.insert(mail), [row | {"receive_time": datetime.now(UTC)}])
        return "250 2.0.0 kept"


def _shown(row: sa.Row[Any]) -> dict[str, Any]:
    """One message as programs and pages read it."""
    message = email.message_from_bytes(row.content, policy=email.policy.default)
    text, hypertext = (_part(message, subtype) for subtype in ("plain", "html"))
    return {
        "id": str(row.id),
        "from": str(message["From"] or row.sender),
        "to": row.recipients,
        "subject": str(message["Subject"] or ""),
        "text": text,
        "html": hypertext,
        "headers": {name: str(value) for name, value in message.items()},
        "received_at": row.receive_time.isoformat(),
    }


def _part(message: EmailMessage, subtype: str) -> str:
    body = message.get_body((subtype,))
    return str(body.get_content()) if body is not None else ""


def _links(shown: dict[str, Any]) -> list[str]:
    found = re.findall(r'href="(https?://[^"]+)"', shown["html"]) or re.findall(r"https?://\S+", shown["text"])
    return list(dict.fromkeys(html.unescape(link) for link in found))


def _pages(engine: Engine) -> Blueprint:
    pages = Blueprint("mail", __name__)
    reading = database.reader(engine)

    def one(message_id: str) -> dict[str, Any]:
        with reading.connect() as connection:
            row = connection.execute(sa.select(mail).where(mail.c.id == message_id)).one_or_none()
        return _shown(row) if row is not None else abort(404)

    @pages.after_request
    def secure(response: Response) -> Response:
        response.headers.setdefault(
            "Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-src 'self'; frame-ancestors 'self'; base-uri 'none'"
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        return response

    @pages.get("/")
    def index() -> str:
        with reading.connect() as connection:
            rows = connection.execute(sa.select(mail).order_by(mail.c.id.desc()).limit(200)).all()
        return render_template("mail_list.html", messages=[_shown(row) for row in rows])

    @pages.get("/messages.json")
    def messages() -> Response:
        with reading.connect() as connection:
            rows = connection.execute(sa.select(mail).order_by(mail.c.id)).all()
        return jsonify(messages=[_shown(row) for row in rows])

    @pages.get("/<uuid:message_id>")
    def show(message_id: Any) -> str:
        shown = one(message_id)
        return render_template("mail_message.html", message=shown, links=_links(shown))

    @pages.get("/<uuid:message_id>/html")
    def body(message_id: Any) -> Response:
        """The HTML part as a mail reader shows it: no script, nothing loaded, links open in a new window."""
        response = Response(one(message_id)["html"], content_type="text/html; charset=utf-8")
        policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; sandbox allow-popups allow-popups-to-escape-sandbox"
        response.headers["Content-Security-Policy"] = policy
        return response

    @pages.get("/mail.css")
    def style() -> Response:
        return Response(render_template("mail.css"), content_type="text/css; charset=utf-8")

    return pages
