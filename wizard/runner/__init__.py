"""The detached process of a run: headless run, record, control socket, and the supervisor that owns helm."""
