"""Every component of the pages on one page, with made-up content. Only in DEBUG and in tests."""
