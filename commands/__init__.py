"""The commands: each parses, calls one library function, renders, and gives an exit code; nothing else."""
