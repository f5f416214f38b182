"""Rules of undelivered notifications: pure, standard library only."""
