"""The parsed command line: a frozen dataclass for each command, whose fields are its flags."""
