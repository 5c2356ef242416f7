"""One module per noun: its tables, and the functions that read and write them."""
