"""Transcripts: conversations that the Secretariat can read, played through the real engine and database."""
