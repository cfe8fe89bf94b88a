"""HTTP requests of bounded time and size, with checked certificates."""
