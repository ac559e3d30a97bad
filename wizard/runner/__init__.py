"""The detached process of a run: headless engine, record, control socket, and the supervisor that owns helm."""
