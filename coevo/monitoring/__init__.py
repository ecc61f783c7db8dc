"""What is measured and said while a run plays."""
