"""What the console costs, measured against itself, a no-op, and the design before it."""
