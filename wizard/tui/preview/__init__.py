"""What a roll-back, an uninstall or a repair would do."""
