"""Plain values: instance, policy, request, finding, job, report."""
