"""The page of `report`: plain values made of log lines and policies, and one template."""
