"""What the tests share: engines, edges, talks and examples."""
