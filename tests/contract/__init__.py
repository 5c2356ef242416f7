"""Channels against the stand-in provider, which checks each request by the provider's rules."""
