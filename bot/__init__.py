"""All that Griot decides and says; no input or output."""
