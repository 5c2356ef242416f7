"""A local stand-in for the providers, and the phones of the people who write to it."""

from tests.standin.client import Client
from tests.standin.phone import Phone, webhook
from tests.standin.record import Call, Record, Sent
from tests.standin.server import StandIn
from tests.standin.trouble import Fault, Trouble

__all__ = ["Call", "Client", "Fault", "Phone", "Record", "Sent", "StandIn", "Trouble", "webhook"]
