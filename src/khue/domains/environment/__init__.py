"""The air, the rain and the stations that measure them."""
