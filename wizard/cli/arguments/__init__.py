"""What a command line said: one frozen dataclass per command, whose fields are its flags."""
