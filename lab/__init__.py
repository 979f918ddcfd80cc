"""The laboratory: it trains what the engine serves. It imports `ml`; nothing imports it."""
