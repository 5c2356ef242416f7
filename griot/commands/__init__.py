"""The commands of `griot`, one module per noun."""
