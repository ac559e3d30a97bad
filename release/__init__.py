"""Makes what is published; not part of the wheel."""
