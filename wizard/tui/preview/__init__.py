"""The preview of a plan, a rollback, an uninstall or a repair."""
