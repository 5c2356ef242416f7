"""`pytest tests/properties --hypothesis-profile=long`: the same rules, many more forms and replies."""

from hypothesis import settings

settings.register_profile("long", max_examples=3000, deadline=None)
