"""Bots as others write them: the weekly report and nothing else, to be measured beside Griot."""
