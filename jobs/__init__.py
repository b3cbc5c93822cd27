"""What people ask for, one module per job: above the packages, below the commands, which only parse and render."""
