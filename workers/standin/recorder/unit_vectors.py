"""Compute unit vectors of whole degrees by plain arithmetic, because libm's sine differs between machines."""

from __future__ import annotations

_PI = 3.141592653589793


def _sine(radians: float) -> float:
    """Return the sine by Taylor's series: exact enough for |radians| <= pi / 2, and the same everywhere."""
    term = total = radians
    for n in range(1, 12):
        term *= -radians * radians / ((2 * n) * (2 * n + 1))
        total += term
    return total


def _sine_of_degrees(degrees: int) -> float:
    degrees = (degrees + 180) % 360 - 180
    if degrees > 90:
        degrees = 180 - degrees
    elif degrees < -90:
        degrees = -180 - degrees
    return _sine(degrees * _PI / 180)


_SINES = tuple(_sine_of_degrees(degrees) for degrees in range(360))


def direction(degrees: int) -> tuple[float, float]:
    """Return (x, y) of length 1; 0 degrees points right, 90 up."""
    return _SINES[(degrees + 90) % 360], _SINES[degrees % 360]
