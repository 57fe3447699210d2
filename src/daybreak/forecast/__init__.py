"""How an amount grows with the number of records, and what it will come to: pure mathematics.

`fit` turns measured points into a `Forecast`. Nothing here measures, waits, reads or prints; what
chance there is comes from a generator that the caller gives.
"""

from .answer import Forecast, SuperLinear
from .grade import Grade
from .laws import Law
from .points import Points, Unit
from .verdict import fit

__all__ = ["Forecast", "Grade", "Law", "Points", "SuperLinear", "Unit", "fit"]
