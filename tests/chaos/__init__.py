"""Many people write while processes are killed and frozen and providers fail; then the books are compared."""
