"""Tables, sheets and documents: values in, bytes out."""
