"""The same steps by hand, without a line of the product: what this machine can do at most.

    outbox -> relay (SKIP LOCKED, window of confirms) -> quorum queue -> recipients by preference -> render -> store -> SMTP -> mark

Two consumer processes, psycopg and pika as they come, one kept SMTP connection each.
"""

from __future__ import annotations

import base64
import json
import multiprocessing
import socket
import time
import uuid
from email.utils import formatdate
from typing import Any

import jinja2
import pika
import psycopg
from pika.spec import BasicProperties

QUEUE = "bench-raw"
PERSISTENT = BasicProperties(delivery_mode=2)
_TEXT = jinja2.Template("""Buongiorno {{ name }},

ecco la fattura {{ number }}.

Cliente: {{ customer }}
Totale: {{ total }}
Da pagare: {{ total }}

Apri la fattura {{ number }}:
{{ link }}
""")
_ROW = '<tr><th style="text-align:left;padding:8px">Totale</th><td style="padding:8px">{{ total }}</td></tr>'
_HTML = jinja2.Template(
    '<!doctype html><html lang="it" dir="ltr"><head><meta charset="utf-8"><title>{{ number }}</title></head>'
    '<body style="margin:0;background:#f4f6f8"><main style="max-width:600px;margin:0 auto;background:#fff;padding:24px">'
    "<p>Buongiorno {{ name }},</p><p>ecco la fattura {{ number }}.</p>"
    f'<table style="width:100%;border-collapse:collapse">{_ROW * 5}</table>'
    '<p><a style="display:inline-block;padding:12px 20px;background:#0b6073;color:#fff" href="{{ link }}">'
    "Apri la fattura {{ number }}</a></p>"
    "</main></body></html>",
    autoescape=True,
)


def prepare(postgres: str, amqp: str, events: int, recipients: int) -> None:
    """Make tables, contacts, a quorum queue, and `events` unpublished rows."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS raw_outbox, raw_preference, raw_mail")
        connection.execute("CREATE TABLE raw_outbox (id bigserial PRIMARY KEY, payload jsonb, published timestamptz)")
        connection.execute("CREATE INDEX ON raw_outbox (id) WHERE published IS NULL")
        connection.execute("CREATE TABLE raw_preference (customer int, contact int, email text, name text, wanted bool)")
        connection.execute(
            "INSERT INTO raw_preference SELECT customer, customer * 100 + n, 'c' || n || '@abc.example', 'Maria ' || n, n <= %s "
            "FROM generate_series(1, 50) customer, generate_series(1, %s) n",
            (recipients, recipients + 2),
        )
        connection.execute(
            "CREATE TABLE raw_mail (id bigserial PRIMARY KEY, event bigint, contact int, email text, subject text, body bytea, "
            "sent timestamptz, UNIQUE (event, contact))"
        )
        connection.execute(
            "INSERT INTO raw_outbox (payload) "
            "SELECT jsonb_build_object('customer', 1 + g %% 50, 'number', g) FROM generate_series(1, %s) g",
            (events,),
        )
        connection.execute("ANALYZE")
    with pika.BlockingConnection(pika.URLParameters(amqp)) as connection:
        channel = connection.channel()
        channel.queue_delete(QUEUE)
        channel.queue_declare(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})


def relay(postgres: str, amqp: str, batch: int = 200) -> None:
    """Publish a batch, wait for the confirm of every message in it, mark, until nothing is left."""
    broker: Any = pika.BlockingConnection(pika.URLParameters(amqp))  # its window of confirms needs what is below the public face
    channel = broker.channel()
    low_level: Any = channel._impl
    pending: set[int] = set()
    confirming: list[bool] = []

    def on_confirm(frame: Any) -> None:
        if frame.method.NAME == "Confirm.SelectOk":
            confirming.append(True)
        elif frame.method.multiple:
            pending.difference_update([tag for tag in pending if tag <= frame.method.delivery_tag])
        else:
            pending.discard(frame.method.delivery_tag)

    low_level.confirm_delivery(on_confirm, callback=lambda _frame: confirming.append(True))
    broker._flush_output(lambda: bool(confirming))
    sent = 0
    with psycopg.connect(postgres) as connection:
        query = "SELECT id, payload::text FROM raw_outbox WHERE published IS NULL ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED"
        while rows := connection.execute(query, (batch,)).fetchall():
            for row_id, payload in rows:
                sent += 1
                pending.add(sent)
                low_level.basic_publish("", QUEUE, json.dumps({"id": row_id, "data": json.loads(payload)}).encode(), PERSISTENT)
            broker._flush_output(lambda: not pending)
            connection.execute("UPDATE raw_outbox SET published = now() WHERE id = ANY(%s)", ([row[0] for row in rows],))
            connection.commit()
    broker.close()


class _Smtp:
    """One kept connection, with PIPELINING."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")
        self._reply()
        self._socket.sendall(b"EHLO localhost\r\n")
        self._reply()

    def _reply(self) -> int:
        while True:
            line = self._file.readline()
            if line[3:4] != b"-":
                return int(line[:3])

    def send(self, mails: list[tuple[str, bytes]]) -> None:
        envelopes = [f"MAIL FROM:<a@rossi.example>\r\nRCPT TO:<{email}>\r\nDATA\r\n".encode() for email, _ in mails]
        self._socket.sendall(envelopes[0])
        for number, (_, content) in enumerate(mails):
            assert (self._reply(), self._reply(), self._reply()) == (250, 250, 354)
            following = envelopes[number + 1] if number + 1 < len(envelopes) else b""
            self._socket.sendall(content.replace(b"\r\n.", b"\r\n..") + b".\r\n" + following)
            assert self._reply() == 250


def _mime(email: str, subject: str, text: str, html: str) -> bytes:
    boundary = uuid.uuid4().hex
    parts = "".join(
        f"--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(body.encode()).decode().replace("\n", "\r\n")
        for kind, body in (("plain", text), ("html", html))
    )
    head = (
        f"From: Rossi <a@rossi.example>\r\nTo: {email}\r\nSubject: {subject}\r\nDate: {formatdate()}\r\n"
        f"Message-ID: <{uuid.uuid4().hex}@rossi.example>\r\n"
        f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'
    )
    return f"{head}{parts}--{boundary}--\r\n".encode()


def consume(postgres: str, amqp: str, smtp_port: int, expected: int, batch: int = 20) -> None:
    """Take up to `batch` events: one query, one insert, a commit, SMTP, one update, a commit, one acknowledgement; until all is sent."""
    broker = pika.BlockingConnection(pika.URLParameters(amqp))
    channel = broker.channel()
    channel.basic_qos(prefetch_count=batch * 2)
    smtp, connection = _Smtp(smtp_port), psycopg.connect(postgres)
    group: list[tuple[int, dict[str, Any]]] = []

    def flush() -> None:
        numbers = {event["id"]: event["data"] for _, event in group}
        people = connection.execute(
            "SELECT e.id, p.contact, p.email, p.name FROM unnest(%s::bigint[], %s::int[]) e(id, customer) "
            "JOIN raw_preference p ON p.customer = e.customer AND p.wanted",
            (list(numbers), [data["customer"] for data in numbers.values()]),
        ).fetchall()
        mails = []
        for event, contact, email, name in people:
            number = f"INV-2026-{numbers[event]['number']:06d}"
            values = {
                "name": name,
                "number": number,
                "customer": "ABC S.r.l.",
                "total": "1.525,00 €",
                "link": f"https://area.example/{'k' * 43}",
            }
            subject = f"Nuova fattura {number}"
            mails.append((event, contact, email, subject, _mime(email, subject, _TEXT.render(values), _HTML.render(values))))
        ids = connection.execute(
            "INSERT INTO raw_mail (event, contact, email, subject, body) "
            "SELECT * FROM unnest(%b::bigint[], %b::int[], %b::text[], %b::text[], %b::bytea[]) ON CONFLICT DO NOTHING RETURNING id",
            [list(column) for column in zip(*mails, strict=True)],
        ).fetchall()
        connection.commit()
        smtp.send([(mail[2], mail[4]) for mail in mails])
        connection.execute("UPDATE raw_mail SET sent = now() WHERE id = ANY(%s)", ([row[0] for row in ids],))
        connection.commit()
        channel.basic_ack(group[-1][0], multiple=True)
        group.clear()

    for method, _, body in channel.consume(QUEUE, inactivity_timeout=0.2):
        if method is not None and method.delivery_tag is not None and body is not None:
            group.append((method.delivery_tag, json.loads(body)))
        if len(group) >= batch or (group and method is None):
            flush()
        elif method is None and _sent(connection) >= expected:
            break
    broker.close()
    connection.close()


def _sent(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("SELECT count(*) FROM raw_mail WHERE sent IS NOT NULL").fetchone()
    connection.commit()
    return int(row[0]) if row else 0


def pipeline(postgres: str, amqp: str, smtp_port: int, events: int, recipients: int) -> float:
    """Return mails per second from the start of the relay to the last one marked as sent."""
    prepare(postgres, amqp, events, recipients)
    context = multiprocessing.get_context("spawn")
    expected = events * recipients
    processes = [context.Process(target=relay, args=(postgres, amqp))]
    processes += [context.Process(target=consume, args=(postgres, amqp, smtp_port, expected)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    with psycopg.connect(postgres) as connection:
        row = connection.execute("SELECT extract(epoch FROM max(sent) - (SELECT min(published) FROM raw_outbox)) FROM raw_mail").fetchone()
    assert row is not None
    return expected / float(row[0])


def relay_alone(postgres: str, amqp: str, events: int) -> float:
    """Return events per second of the relay with nobody consuming."""
    prepare(postgres, amqp, events, 1)
    started = time.perf_counter()
    relay(postgres, amqp)
    return events / (time.perf_counter() - started)
