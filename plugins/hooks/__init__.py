"""Webhooks of forges: who sent a delivery, and which repositories it is about.

A delivery only ever says where to look: what is there is asked of the forge. So one that comes
twice, late, or in the wrong order does no harm (hostile-input rows W06, W07 and W14).
"""

from plugins.hooks.deliveries import Delivery, Ignored, Malformed, Said, Touched, Unsigned
from plugins.hooks.forges import TYPES, receive

__all__ = ["TYPES", "Delivery", "Ignored", "Malformed", "Said", "Touched", "Unsigned", "receive"]
