"""What it takes to clear a file: frozen and measured on kinds of fake that the checks never met."""
