"""What mouth, face and body do, on the reply's clock. Pure."""
