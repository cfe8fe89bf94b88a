"""Policy files, and when a policy is due."""
