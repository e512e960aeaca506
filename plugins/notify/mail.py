"""E-mail by SMTP: plain text and HTML in one message, to the team and to whom the operator named."""

from __future__ import annotations

import re
import smtplib
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from plugins.contract import Delivered, MailChannel, Message, NotDelivered, Problem

SECONDS = 20.0
"""For each answer of the server."""

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


class Mail:
    """One SMTP server."""

    def __init__(self, channel: MailChannel, tls: ssl.SSLContext | None = None) -> None:
        """`tls` says whom to trust; None: the authorities of the system."""
        self.name = channel.name
        self._channel = channel
        self._tls = tls

    def send(self, message: Message, *, now: datetime) -> Delivered | NotDelivered:
        """Send the message; without anybody to send it to it counts as delivered."""
        to = list(self._channel.to)
        if self._channel.teams and _is_address(message.address):
            to.append(message.address)
        to = list(dict.fromkeys(to))
        if not to:
            return Delivered()
        try:
            with self._connected() as server:
                server.send_message(self._letter(message, to, now), self._channel.sender, to)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            return NotDelivered(problem=_problem(self._channel, error), final=_is_final(error))
        return Delivered()

    def _connected(self) -> smtplib.SMTP:
        channel = self._channel
        tls = self._tls or ssl.create_default_context()
        server: smtplib.SMTP
        if channel.security == "tls":
            server = smtplib.SMTP_SSL(channel.host, channel.port, timeout=SECONDS, context=tls)
        else:
            server = smtplib.SMTP(channel.host, channel.port, timeout=SECONDS)
        try:
            if channel.security == "starttls":
                server.starttls(context=tls)  # raises where the server has none
            if channel.user:
                server.login(channel.user, channel.password)
        except BaseException:
            server.close()
            raise
        return server

    def _letter(self, message: Message, to: list[str], now: datetime) -> EmailMessage:
        letter = EmailMessage()
        letter["Subject"] = message.subject
        letter["From"] = self._channel.sender
        letter["To"] = ", ".join(to)
        letter["Date"] = format_datetime(now)
        domain = self._channel.sender.rpartition("@")[2].rstrip(">") or "plumbline"
        letter["Message-ID"] = f"<{message.id}@{domain}>"
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(message.text)
        letter.add_alternative(message.html, subtype="html")
        return letter


def _is_address(text: str) -> bool:
    """Whether it is one plain address and nothing else: it comes from a descriptor."""
    return _ADDRESS.fullmatch(text) is not None


def _is_final(error: Exception) -> bool:
    """Whether the server has said no for good: a status of 500 and above (RFC 5321, 4.2.1)."""
    match error:
        case smtplib.SMTPRecipientsRefused(recipients=refused):
            return all(code >= 500 for code, _ in refused.values())
        case smtplib.SMTPAuthenticationError():
            return False  # a password is mended more often than an address
        case smtplib.SMTPResponseException(smtp_code=code):
            return code >= 500
        case _:
            return isinstance(error, ValueError)


def _problem(channel: MailChannel, error: Exception) -> Problem:
    return Problem(
        code="MAIL_NOT_SENT",
        message=f"{channel.host}:{channel.port} did not take the message: {error}"[:300],
        hint="See whether the server is up, and what `plumbline.notices.mail` says of it.",
    )
