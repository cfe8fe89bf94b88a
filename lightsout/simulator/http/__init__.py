"""The server, the gateway to the services, and COS."""
