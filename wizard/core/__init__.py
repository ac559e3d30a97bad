"""Pure logic over frozen data: standard library only, no input or output."""
