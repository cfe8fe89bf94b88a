"""What is wrong in a policy file, in words, with a suggestion that is right."""
