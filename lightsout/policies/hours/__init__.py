"""Find out when a policy is due: windows, the calendar, hours in tags."""
