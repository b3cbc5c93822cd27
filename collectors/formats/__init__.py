"""What a file is, decided by its content, and what that content can do."""
