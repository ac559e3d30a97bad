"""PostgreSQL as a client meets it: who logs in where, the pod that tries it, the words of what came of it."""
