"""Read log files, exports, and the log service."""
