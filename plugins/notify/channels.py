"""The manifest: a notifier for each configured channel."""

from __future__ import annotations

from plugins.contract import Context, MailChannel, Notifier, Plugin, WebhookChannel
from plugins.notify.mail import Mail
from plugins.notify.webhooks import Webhook


def plugin(context: Context) -> Plugin:
    """The plugin's manifest."""
    return Plugin(
        name="notify",
        version="1",
        summary="Sends notices by signed webhooks and by e-mail.",
        notifiers=tuple(map(_notifier, context.channels)),
    )


def _notifier(channel: WebhookChannel | MailChannel) -> Notifier:
    return Webhook(channel) if isinstance(channel, WebhookChannel) else Mail(channel)
