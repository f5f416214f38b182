"""`undelivered bench`: what the product costs and how fast it is, each figure beside its floor or goal."""
