"""The full-screen face: asks the engine's Session and watches it; has no logic of its own."""
