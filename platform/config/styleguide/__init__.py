"""A page with every component of the pages and made-up content. Only in DEBUG and in tests."""
