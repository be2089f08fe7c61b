"""Lock managers: what keeps transactions of one key apart."""
