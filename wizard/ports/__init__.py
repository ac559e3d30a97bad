"""What the engine needs of the world, as protocols; core types in and out."""
