"""What holds for every net: the registry, shared layers, the saved model, prediction."""
