"""Make the page of `report`: plain values from log lines and policies, and one template."""
