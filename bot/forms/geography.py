"""Lengths and areas on the ground, as ODK's functions over places give them.

Source: ODK XForms Specification, `area`, `distance` and `geofence`: a sphere of 6,378,100 m; a place is
"latitude longitude altitude accuracy", a line or an outline such places with `;` between.
"""

import math
from itertools import pairwise
from typing import TypeAlias

Place: TypeAlias = tuple[float, float]  # latitude and longitude, degrees

_RADIUS = 6_378_100.0  # metres


def places(text: str) -> list[Place]:
    """Return the places that a text holds; [] when one of them is none."""
    found = [_place(part) for part in text.split(";") if part.strip()]
    return [place for place in found if place] if all(found) else []


def _place(text: str) -> Place | None:
    try:
        latitude, longitude = (float(number) for number in text.split()[:2])
    except ValueError:
        return None
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def distance(line: list[Place]) -> float:
    """Return the length of a line in metres, 0 for a single place."""
    return sum((_between(a, b) for a, b in pairwise(line)), 0.0)


def _between(a: Place, b: Place) -> float:
    latitude, other = math.radians(a[0]), math.radians(b[0])
    north, east = math.sin((other - latitude) / 2), math.sin(math.radians(b[1] - a[1]) / 2)
    chord = north**2 + math.cos(latitude) * math.cos(other) * east**2
    return 2 * _RADIUS * math.asin(min(1.0, math.sqrt(chord)))


def area(outline: list[Place]) -> float:
    """Return what an outline encloses in square metres, closed where it is open; 0 for under 3 places."""
    if len(outline) < 3:
        return 0.0
    excess = sum(
        math.radians(b[1] - a[1]) * (2 + math.sin(math.radians(a[0])) + math.sin(math.radians(b[0])))
        for a, b in pairwise([*outline, outline[0]])
    )
    return abs(excess) * _RADIUS**2 / 2


def is_within(place: Place, outline: list[Place]) -> bool:
    """Return whether a place lies inside an outline: a line to the east crosses its sides an odd time."""
    latitude, longitude = place
    sides = pairwise([*outline, *outline[:1]])
    crossed = [
        longitude < a[1] + (latitude - a[0]) * (b[1] - a[1]) / (b[0] - a[0])
        for a, b in sides
        if (a[0] > latitude) != (b[0] > latitude)
    ]
    return sum(crossed) % 2 == 1


def crosses_itself(line: list[Place]) -> bool:
    """Return whether two sides of a line that do not touch one another cross."""
    sides = list(pairwise(line))
    return any(
        _cross(first, second)
        for number, first in enumerate(sides)
        for second in sides[number + 2 :]
        if second[1] != first[0]  # the last side of a closed outline ends where the first begins
    )


def _cross(first: tuple[Place, Place], second: tuple[Place, Place]) -> bool:
    (a, b), (c, d) = first, second
    return _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0


def _turn(a: Place, b: Place, c: Place) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
