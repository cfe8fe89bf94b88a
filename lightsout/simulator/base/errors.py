"""The error that every refusal of the cloud is raised as."""

from __future__ import annotations


class ApiError(Exception):
    """An error answer: a code such as `ResourceNotFound.InstanceIdNotFound`, and a message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
