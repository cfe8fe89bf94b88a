"""Calls to Tencent Cloud."""
