"""Backups: one sealed file with every row and every file of media, read and written on both databases."""
