"""XLSForms: reading them, and evaluating them over the answers of one session."""
