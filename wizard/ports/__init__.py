"""The interfaces to everything outside of the engine, as protocols; core types in and out."""
