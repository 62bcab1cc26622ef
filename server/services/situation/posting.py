"""Carries messages out: mail through SMTP, and a webhook that is signed as the shop's calls are."""

from __future__ import annotations

import smtplib
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from server.config import Settings
from server.connectors import http
from server.connectors.shops.webhook import DELIVERY, SIGNATURE, TIMESTAMP, signature
from server.connectors.source import Limits
from server.ports import PermanentError, TemporaryError
from server.services.situation.messages import Words

SMTP_TIMEOUT_S = 20.0


def mail(settings: Settings, address: str, language: str, key: str, said: Words, now: int) -> None:
    """Hand one message to the mail server. `key` names it: the same twice has the same Message-ID.
    Raises TemporaryError or PermanentError in words for people.
    """
    sender = settings.smtp_from or f"enseigne@{settings.smtp_host}"
    message = EmailMessage()
    message["From"] = sender
    message["To"] = address
    message["Subject"] = " ".join(said.subject.split())  # names of people stand in some
    message["Date"] = format_datetime(datetime.fromtimestamp(now / 1000, UTC))
    message["Message-ID"] = f"<{key}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    message.set_content(said.text)
    message["Content-Language"] = language  # set_content drops such headers
    try:
        with _connected(settings) as server:
            server.send_message(message)
    except smtplib.SMTPAuthenticationError:
        raise PermanentError("The mail server refuses our name or password.") from None
    except smtplib.SMTPRecipientsRefused:
        raise PermanentError("The mail server refuses this address.") from None
    except smtplib.SMTPNotSupportedError:
        raise PermanentError("The mail server offers no encryption or no sign-in.") from None
    except ssl.SSLError:
        raise TemporaryError("The mail server has no valid certificate.") from None
    except smtplib.SMTPResponseException as error:
        raise TemporaryError(f"The mail server answered {error.smtp_code}.") from None
    except (OSError, smtplib.SMTPException):
        raise TemporaryError("The mail server does not answer.") from None


def _connected(settings: Settings) -> smtplib.SMTP:
    """A connection that is encrypted and signed in as the settings say."""
    trust = ssl.create_default_context(cafile=settings.smtp_ca or None)
    where = settings.smtp_host, settings.smtp_port
    if settings.smtp_tls == "implicit":
        server: smtplib.SMTP = smtplib.SMTP_SSL(*where, timeout=SMTP_TIMEOUT_S, context=trust)
    else:
        server = smtplib.SMTP(*where, timeout=SMTP_TIMEOUT_S)
    try:
        if settings.smtp_tls == "starttls":
            server.starttls(context=trust)
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password)
    except BaseException:
        server.close()
        raise
    return server


def hook(settings: Settings, key: str, body: bytes, now: int) -> None:
    """Call the webhook. Headers: `X-Enseigne-Timestamp` (unix seconds), `X-Enseigne-Delivery` (the
    same for the same news), `X-Enseigne-Signature` (`sha256=` and the hex HMAC-SHA256, under the
    shared secret, of timestamp, full stop and raw body).

    Raises TemporaryError, PermanentError.
    """
    try:
        url = http.check_url(settings.watch_webhook_url)
    except ValueError as wrong:
        raise PermanentError(str(wrong)) from None
    stamp = str(now // 1000)
    headers = {
        "Content-Type": "application/json",
        TIMESTAMP: stamp,
        DELIVERY: key,
        SIGNATURE: signature(settings.watch_webhook_secret, stamp, body),
    }
    http.post(url, body, headers, Limits.of(settings))
