"""Certificates, chains and keys of servers: what files hold, and what a chain is worth to a client."""
