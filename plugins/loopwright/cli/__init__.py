"""The loop's face for the shell. Everything heavy is imported inside the command that uses it: `--help` is instant."""
