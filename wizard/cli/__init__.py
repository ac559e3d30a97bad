"""The command line: parser, prompts and plain output."""
