"""The server, and what stands between it and the services; COS."""
