"""Journeys: from the webhook to the phone, the export and the console, on both databases."""
