"""Networks that turn a picture into numbers which several checks share."""
