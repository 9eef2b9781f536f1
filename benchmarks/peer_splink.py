"""The clear-text peer of the quality benchmark: Splink 5 on DuckDB, run in an environment of its own.

    python benchmarks/peer_splink.py JOB.json OUT.json

    {"job": "historical", "file": "F.parquet", "fields": "all" | "names"}
    {"job": "speed", "a": "A.parquet", "b": "B.parquet", "folder": "DIR", "memory_gb": 14}
    {"job": "two-files", "a": "A.parquet", "b": "B.parquet", "fields": [...], "households": true | false}

Both take `threads` (2) and `seed` (1, of the random sample for u) as well. Without `households` the data decide.

historical: rules, comparisons, training and thresholds of Splink's demo "Linking a dataset of real historical
persons" on its data set of 50,578 records. The known F1 of 0.767 (best) and 0.743 (automatic) are those of the
*predicted pairs*: at the best of all match weights, and at a match probability of at least 0.5 (0.766 and 0.743 with
seed 1; the sample for u moves both by some 0.002). Every pair of records of one cluster is a true pair, blocked or
not. Pairs within connected components, which the demo forms at 0.95, score higher (0.828): "clusters". "names" keeps
given name, surname, date of birth and gender; rules on their parts replace those that need what is left out.

two-files: rec_id, person (the truth, for scoring only) and any of `FIELDS` as text, "" = missing. The library's own
comparisons, with term frequencies wherever it offers them. People of a household agree in surname, address, postcode
and locality at once, which independent comparisons take for a match. Splink's documentation warns of correlated
columns and puts such into one comparison (ForenameSurnameComparison) or leaves them out (its FEBRL4 demo keeps only
the postcode). Where files have households, surname and home therefore form one comparison here, so that u is measured
on their joint agreement; elsewhere every column has its own, which is better there. Households show without truth:
rows of one file that share surname and home. Chosen on seeds other than those that the benchmark reports.

speed: as two-files for files of a million records and more, with a handful of blocking rules of two columns each, as
Splink's guides begin, and scored in SQL.
"""

from __future__ import annotations

import itertools
import json
import logging
import resource
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import splink
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

Rules = list[Any]

FIELDS = ["given_name", "surname", "date_of_birth", "sex", "address", "locality", "postcode"]
LEVELS = {"auto": 0.5, "at_0.95": 0.95, "at_0.99": 0.99}  # match probabilities
HOUSEHOLDS = 0.05  # a file has them if more than this share of rows has surname and home in common with another row
FLOOR = -20  # pairs below this match weight are not scored

_UK_POSTCODE = "^[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}$"
_SAME_HOME = (
    "(postcode_l = postcode_r or (jaro_winkler_similarity(address_l, address_r) >= 0.88 and"
    " (damerau_levenshtein(postcode_l, postcode_r) <= 2 or locality_l = locality_r)))"
)

# Blocking rules: columns that must be equal; a rule is left out where one of its columns is.
_DEMO_RULES = """substr(first_name,1,3) substr(surname,1,4); surname dob; first_name dob; postcode_fake first_name;
    postcode_fake surname; dob birth_place; substr(postcode_fake,1,3) dob; substr(postcode_fake,1,3) first_name;
    substr(postcode_fake,1,3) surname; substr(first_name,1,2) substr(surname,1,2) substr(dob,1,4)"""
_DEMO_KNOWN = """first_name surname dob; dob postcode_fake;
    substr(first_name,1,2) surname substr(postcode_fake,1,2)"""
_NAMES_RULES = (
    "; dob; surname substr(first_name,1,1); surname substr(dob,1,4); first_name substr(dob,1,4)"
)
_NAMES_KNOWN = "; substr(first_name,1,2) surname substr(dob,1,4); first_name dob"
_LINK_RULES = """given_name surname; date_of_birth; postcode given_name; postcode surname; address locality;
    postcode substr(date_of_birth,1,4); postcode substr(given_name,1,1); surname substr(date_of_birth,1,4);
    surname substr(date_of_birth,6,5); given_name substr(date_of_birth,1,7);
    substr(given_name,1,3) substr(surname,1,4);
    substr(given_name,1,2) substr(surname,1,2) substr(date_of_birth,1,4)"""
_SPEED_RULES = """given_name surname; date_of_birth surname; date_of_birth given_name; postcode surname;
    postcode given_name; postcode date_of_birth"""
_LINK_KNOWN = """given_name surname date_of_birth; given_name date_of_birth postcode;
    substr(given_name,1,1) surname date_of_birth postcode"""


def usable(rules: str, have: set[str]) -> Rules:
    """Return the rules all of whose columns are in `have`."""
    parts = [rule.split() for rule in rules.split(";")]
    wanted = [{part.removeprefix("substr(").split(",")[0] for part in rule} for rule in parts]
    return [block_on(*rule) for rule, columns in zip(parts, wanted, strict=True) if columns <= have]


def value(con: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """Return the one value that a query gives."""
    return con.execute(sql).fetchall()[0][0]


def predict(linker: Linker, known: Rules, recall: float, em: Rules, n: float, seed: int) -> Any:
    """Train as the demos do (prior from rules, u from random pairs, m by EM); return the scored pairs."""
    training = linker.training
    training.estimate_probability_two_random_records_match(known, recall=recall)
    training.estimate_u_using_random_sampling(max_pairs=n, seed=seed)
    maximise = training.estimate_parameters_using_expectation_maximisation
    for rule in em:
        maximise(rule, estimate_without_term_frequencies=True)
    return linker.inference.predict(warning_mode="never")


def measures(right: float, made: float, matches: float) -> dict[str, float]:
    """Return precision, recall and F1 of `made` pairs, `right` of them true."""
    precision = right / made if made else 1.0
    return {"precision": precision, "recall": right / matches, "f1": 2 * right / (made + matches)}


def usage(started: float) -> dict[str, Any]:
    """Return version, seconds since `started` and the peak of resident memory in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )
    seconds = time.perf_counter() - started
    return {"version": splink.__version__, "seconds": seconds, "peak_memory": peak}


def historical(job: dict[str, Any], con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Deduplicate the historical figures with the demo's settings; return the figures."""
    started = time.perf_counter()
    names = job.get("fields", "all") == "names"
    have = {"first_name", "surname", "dob"}
    have |= {"gender"} if names else {"postcode_fake", "birth_place", "occupation"}
    names_too = "*, first_name || ' ' || surname as both_names"
    make = f"create table people as select {names_too} from read_parquet(?)"
    con.execute(make, [job["file"]]).fetchall()
    both = {"forename_surname_concat_col_name": "both_names"}
    each: dict[str, Any] = {
        "first_name": cl.ForenameSurnameComparison("first_name", "surname", **both),
        "dob": cl.DateOfBirthComparison("dob", input_is_string=True),
        "gender": cl.ExactMatch("gender"),
        "postcode_fake": cl.PostcodeComparison("postcode_fake"),
        "birth_place": cl.ExactMatch("birth_place").configure(term_frequency_adjustments=True),
        "occupation": cl.ExactMatch("occupation").configure(term_frequency_adjustments=True),
    }
    settings = SettingsCreator(
        link_type="dedupe_only",
        blocking_rules_to_generate_predictions=usable(_DEMO_RULES + _NAMES_RULES * names, have),
        comparisons=[comparison for column, comparison in each.items() if column in have],
        retain_matching_columns=False,
        additional_columns_to_retain=["cluster"],
    )
    linker = Linker(DuckDBAPI(con).register("people"), settings, log_level=logging.CRITICAL)
    known = usable(_DEMO_KNOWN + _NAMES_KNOWN * names, have)
    em = [block_on("first_name", "surname"), block_on("dob")]
    predicted = predict(linker, known, 0.6, em, 5e6, job.get("seed", 1))
    result = usage(started)

    within = "select sum(n * (n - 1) // 2) from (select count(*) as n from {} group by {})"
    matches = int(value(con, within.format("people", "cluster")))
    result |= score(con, predicted.physical_name, "unique_id", "cluster", matches, False)
    cluster = linker.clustering.cluster_pairwise_predictions_at_threshold
    for label in ("auto", "at_0.95"):
        groups = cluster(predicted, threshold_match_probability=LEVELS[label]).physical_name
        joined = int(value(con, within.format(groups, "cluster_id")))
        true = int(value(con, within.format(groups, "cluster_id, cluster")))
        result[label]["clusters"] = measures(true, joined, matches)
    return result


def cleaned(field: str) -> str:
    """Return SQL that standardises a field, which the documentation asks for; missing is null."""
    if field == "date_of_birth":
        return f"nullif({field}, '') as {field}"
    if field == "postcode":
        bare = f"regexp_replace(upper({field}), '[^A-Z0-9]', '', 'g')"
        uk = "'^([A-Z]{1,2}[0-9][A-Z0-9]?)([0-9][A-Z]{2})$'"
        return rf"nullif(regexp_replace({bare}, {uk}, '\1 \2'), '') as {field}"
    plain = f"regexp_replace(lower(strip_accents({field})), '[^a-z0-9]+', ' ', 'g')"
    return f"nullif(trim({plain}), '') as {field}"


def comparisons(have: set[str], *, households: bool, british: bool) -> list[Any]:
    """Return the comparisons of the fields that are there."""
    given: Any = cl.NameComparison("given_name")
    if "surname" in have:  # and ForenameSurnameComparison's level for swapped names
        levels = cl.NameComparison("given_name").create_comparison_levels()
        levels.insert(2, cll.ColumnsReversedLevel("given_name", "surname", symmetrical=True))
        given = cl.CustomComparison(output_column_name="given_name", comparison_levels=levels)
    uk, other = cl.PostcodeComparison("postcode"), cl.DamerauLevenshteinAtThresholds("postcode")
    each: dict[str, Any] = {
        "given_name": given,
        "surname": cl.NameComparison("surname"),
        "date_of_birth": cl.DateOfBirthComparison("date_of_birth", input_is_string=True),
        "sex": cl.ExactMatch("sex"),
        "address": cl.JaroWinklerAtThresholds("address", [0.92, 0.8]),
        "locality": cl.JaroWinklerAtThresholds("locality", [0.9]),
        "postcode": uk if british else other,
    }
    for field in ("address", "locality", "postcode"):
        each[field].configure(term_frequency_adjustments=True)
    joint = {"surname", "address", "locality", "postcode"} if households else set()
    alone = [each[field] for field in FIELDS if field in have - joint]
    return [*alone, family()] if households else alone


def family() -> Any:
    """Return one comparison of surname and home, for files with households."""
    level, same = cll.CustomLevel, "surname_l = surname_r"
    like, place = "jaro_winkler_similarity(surname_l, surname_r) >= 0.88", "locality_l = locality_r"
    fields = ("surname", "address", "postcode")
    missing = " and ".join(f"({f}_l is null or {f}_r is null)" for f in fields)
    rarity: Any = {"tf_adjustment_column": "surname", "disable_tf_exact_match_detection": True}
    levels = [
        level(missing).configure(is_null_level=True),
        level(f"{same} and address_l = address_r and postcode_l = postcode_r"),
        level(f"{same} and {_SAME_HOME}"),
        level(f"{like} and {_SAME_HOME}"),
        level(f"{same} and {place}").configure(**rarity),
        cll.ExactMatchLevel("surname", term_frequency_adjustments=True),
        *(level(condition) for condition in (_SAME_HOME, f"{like} and {place}", like, place)),
        cll.ElseLevel(),
    ]
    return cl.CustomComparison(output_column_name="family", comparison_levels=levels)


def two_files(job: dict[str, Any], con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Link two files; return the figures."""
    started = time.perf_counter()
    have = set(job.get("fields") or FIELDS) & set(FIELDS)
    for name in ("a", "b"):
        described = con.execute("describe from read_parquet(?)", [job[name]]).fetchall()
        have &= {column[0] for column in described}
    plain = "rec_id::varchar as rec_id, person::varchar as person"
    columns = ", ".join([plain, *(cleaned(field) for field in FIELDS if field in have)])
    for name in ("a", "b"):
        make = f"create table {name} as select {columns} from read_parquet(?)"
        con.execute(make, [job[name]]).fetchall()

    uk = f"select avg(regexp_matches(postcode, '{_UK_POSTCODE}')::int) from a"
    british = "postcode" in have and (value(con, uk) or 0.0) > 0.5
    households = False
    if {"surname", "address", "locality", "postcode"} <= have:
        home = "surname, address, postcode"
        known_homes = f"select count(*) over (partition by {home}) as n, {home} from a"
        whole = "surname || address || postcode is not null"
        shared = value(con, f"select avg((n > 1)::int) from ({known_homes}) where {whole}")
        households = bool(job.get("households", (shared or 0.0) > HOUSEHOLDS))
    rules = usable(_LINK_RULES, have)
    if {"given_name", "surname"} <= have:
        rules.append("l.given_name = r.surname and l.surname = r.given_name")
    settings = SettingsCreator(
        link_type="link_only",
        unique_id_column_name="rec_id",
        blocking_rules_to_generate_predictions=rules,
        comparisons=comparisons(have, households=households, british=british),
        retain_matching_columns=False,
        additional_columns_to_retain=["person"],
    )
    api = DuckDBAPI(con)
    tables = [api.register(name, dataset_display_name=name) for name in ("a", "b")]
    linker = Linker(tables, settings, log_level=logging.CRITICAL)
    other = "date_of_birth" if "date_of_birth" in have else "postcode"
    em = usable(f"given_name surname; {other}", have)
    known = usable(_LINK_KNOWN, have) or usable("given_name surname postcode", have)
    table = predict(linker, known, 0.8, em, 1e7, job.get("seed", 1)).physical_name
    result = usage(started) | {"households": households, "fields": sorted(have)}
    matches = value(con, "select count(*) from a join b using (person)")
    result["all_pairs"] = score(con, table, "rec_id", "person", matches, False)
    return result | score(con, table, "rec_id", "person", matches, True)


def speed(job: dict[str, Any], con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Link two large files as in `two_files`; return time, memory and the figures of the pairs over 0.5."""
    con.execute(f"set temp_directory = '{job['folder']}/splink-temp'").fetchall()
    con.execute(f"set memory_limit = '{int(job['memory_gb'])}GB'").fetchall()
    started = time.perf_counter()
    have = set(FIELDS)
    columns = ", ".join(["rec_id", "person", *(cleaned(field) for field in FIELDS)])
    for name in ("a", "b"):
        make = f"create table {name} as select {columns} from read_parquet(?)"
        con.execute(make, [job[name]]).fetchall()
    settings = SettingsCreator(
        link_type="link_only",
        unique_id_column_name="rec_id",
        blocking_rules_to_generate_predictions=usable(_SPEED_RULES, have),
        comparisons=comparisons(have, households=True, british=True),
        retain_matching_columns=False,
        additional_columns_to_retain=["person"],
    )
    api = DuckDBAPI(con)
    tables = [api.register(name, dataset_display_name=name) for name in ("a", "b")]
    linker = Linker(tables, settings, log_level=logging.CRITICAL)
    em = usable("given_name surname; date_of_birth", have)
    table = predict(linker, usable(_LINK_KNOWN, have), 0.8, em, 1e7, job.get("seed", 1))
    result = usage(started)
    over = f"from {table.physical_name} where match_probability >= 0.5"
    made = value(con, f"select count(*) {over}")
    # Each record once, its best pair; a pair is a link where both sides choose it.
    best = (
        "select person_l = person_r as good,"
        " row_number() over (partition by rec_id_l order by match_weight desc) as i,"
        f" row_number() over (partition by rec_id_r order by match_weight desc) as j {over}"
    )
    links, right = con.execute(
        f"select count(*), sum(good::int) from ({best}) where i = 1 and j = 1"
    ).fetchall()[0]
    matches = value(
        con, "select count(*) from (select person from a intersect select person from b)"
    )
    compared = value(con, f"select count(*) from {table.physical_name}")
    return result | {
        "pairs_compared": compared,
        "pairs_over_0.5": made,
        **measures(right, links, matches),
    }


def score(con: Any, table: str, key: str, truth: str, matches: int, once: bool) -> dict[str, Any]:
    """Score pairs at the best threshold and at `LEVELS`; with `once`, after a greedy one-to-one choice by weight."""
    good = f"{truth}_l = {truth}_r"
    pairs, found = con.execute(f"select count(*), sum(({good})::int) from {table}").fetchall()[0]
    rows = con.execute(
        f"select round(match_weight, 6) as weight, match_probability, {key}_l, {key}_r, {good}"
        f" from {table} where match_weight >= {FLOOR} order by weight desc, {key}_l, {key}_r"
    ).fetchall()
    taken: tuple[set[str], set[str]] = (set(), set())
    right = made = 0
    best: dict[str, Any] = measures(0, 0, matches) | {"threshold": None}
    result = {name: best | {"threshold": at} for name, at in LEVELS.items()}
    for weight, tied in itertools.groupby(rows, key=lambda row: row[0]):
        for _, probability, left, other, match in tied:  # noqa: B007 (the tied have one probability)
            if once and (left in taken[0] or other in taken[1]):
                continue
            taken[0].add(left)
            taken[1].add(other)
            made += 1
            right += match
        now = measures(right, made, matches)
        best = max(best, now | {"threshold": weight}, key=lambda figures: figures["f1"])
        for name, at in LEVELS.items():
            if probability >= at:
                result[name] |= now
    counts = {"true_pairs": matches, "pairs_compared": pairs, "pairs_completeness": found / matches}
    return counts | {"best": best} | result


def main(arguments: list[str]) -> None:
    """Run one job and write its figures."""
    job = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    logging.disable(logging.CRITICAL)
    con = duckdb.connect()
    con.execute(f"set threads = {int(job.get('threads', 2))}").fetchall()
    result = {"historical": historical, "two-files": two_files, "speed": speed}[job["job"]](
        job, con
    )
    Path(arguments[1]).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
