"""What chat servers send, read with patience, and what they refuse."""
