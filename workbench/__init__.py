"""What people who write policies work with: everything here reads policies and evidence, and decides nothing."""
