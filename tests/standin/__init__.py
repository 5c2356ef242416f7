"""A local stand-in for the providers, and the phones of the people who write to it."""

from tests.standin.client import Client
from tests.standin.phone import Phone, webhook
from tests.standin.record import Call, Record, Sent
from tests.standin.server import StandIn
from tests.standin.trouble import Fault, Trouble
from tests.standin.twilio import Status
from tests.standin.twilio_phone import TwilioPhone, twilio_webhook

__all__ = [
    "Call",
    "Client",
    "Fault",
    "Phone",
    "Record",
    "Sent",
    "StandIn",
    "Status",
    "Trouble",
    "TwilioPhone",
    "twilio_webhook",
    "webhook",
]
