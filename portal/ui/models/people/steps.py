"""Steps: what people did about something, as its page lists it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.ui.models.looks import Look


@dataclass(frozen=True, kw_only=True, slots=True)
class StepLine:
    """What somebody did about it."""

    look: Look
    actor: str
    at: datetime
    reason: str
