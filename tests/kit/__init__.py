"""What several tests share: servers, clients, scenes, examples, and the plan of the house."""
