"""Import a year of flights: fetch, check everything, load the masters, then the flights."""

from pathlib import Path

from nycflights import Airline, Airport, Checked, Flight, Plane, Weather

from daybreak import Database, Job, Quarantine, Run, Transaction, Work, files

db = Database("sqlite:///flights.db")  # --database postgresql://... says otherwise
job = Job("flights")


@job.task(impact="Nothing of this year can be loaded.")
def fetch(run: Run, url: str = "https://example.org/nycflights13.tar.gz") -> Path:
    return run.fetch(url, unpack=True)


@job.task(after=fetch, impact="Nothing is loaded until the files are repaired; ask their sender.")
def check(run: Run) -> Checked:
    folder = run[fetch]
    return run.check(
        Checked(
            airlines=files.csv(folder / "airlines.csv", Airline),
            airports=files.csv(folder / "airports.csv", Airport),
            planes=files.csv(folder / "planes.csv", Plane, null="NA"),
            weather=files.csv(folder / "weather.csv", Weather, null="NA"),
            flights=files.csv(folder / "flights.csv", Flight, null="NA"),
        ),
        max_bad="0.1%",
    )


@job.step(after=check, impact="Reports show carrier codes in place of names.")
def airlines(run: Run) -> Work:
    return run[check].airlines.into(
        db.table("airlines", Airline, key="carrier", mode="replace", create=True)
    )


@job.step(after=check, impact="Every flight is set aside, for its destination is unknown.")
def airports(run: Run) -> Work:
    return run[check].airports.into(
        db.table("airports", Airport, key="faa", mode="replace", create=True)
    )


@job.step(after=check, impact="Every flight that names a plane is set aside.")
def planes(run: Run) -> Work:
    return run[check].planes.into(
        db.table("planes", Plane, key="tailnum", mode="replace", create=True)
    )


@job.step(after=check, impact="Delays cannot be explained by the weather.")
def weather(run: Run) -> Work:
    return run[check].weather.into(
        db.table("weather", Weather, key=("origin", "time_hour"), mode="replace", create=True)
    )


@job.step(
    after=[airlines, airports, planes, weather],
    chunk=10_000,
    parallel=2,
    max_bad="20%",
    impact="The year is missing from every report.",
)
def flights(run: Run) -> Work:
    known_airports = set(db.query("select faa from airports", str))
    known_planes = set(db.query("select tailnum from planes", str))

    def refer_to_masters(flight: Flight) -> None:
        if flight.dest not in known_airports:
            raise Quarantine("dest is in no master", dest=flight.dest)
        if flight.tailnum is not None and flight.tailnum not in known_planes:
            raise Quarantine("tailnum is in no master", tailnum=flight.tailnum)

    key = ("year", "month", "day", "carrier", "flight", "origin", "sched_dep_time")
    return (
        run[check]
        .flights.tap(refer_to_masters)
        .into(db.table("flights", Flight, key=key, mode="replace", create=True))
    )


@job.atomic(db, after=flights, impact="The monthly figures are those of the last run.")
def delays(tx: Transaction, run: Run) -> None:
    tx.execute(
        """
        create table if not exists delays
          (carrier text, month int, flights int, late_minutes real)
        """
    )
    tx.execute("delete from delays")
    tx.execute(
        """
        insert into delays (carrier, month, flights, late_minutes)
        select carrier, month, count(*), avg(arr_delay) from flights group by carrier, month
        """
    )
    run.show(
        tx.query("select * from delays order by late_minutes desc limit 10"), title="Late in 2013"
    )
