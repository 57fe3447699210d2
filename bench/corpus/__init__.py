"""Real programs with known growth, on which the forecast is developed, calibrated and judged."""
