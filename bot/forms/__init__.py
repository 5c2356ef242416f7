"""XLSForms: bytes in, a form that can be asked out."""
