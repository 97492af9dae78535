"""What tests share: a toy project with known truths."""
