#!/usr/bin/env bash
# The complete workflow on the sample data: two departments encode, the unit matches, a statistician evaluates.
# Called by `make demo` and `make wheel`. Needs PPRL (the command); DEMO and SAMPLE are folders.
set -euo pipefail
demo=${DEMO:-demo} sample=${SAMPLE:-sample_data}
rm -rf "$demo" && mkdir "$demo"

echo "== 1. The parties make a key. Its fingerprint, to compare over the phone:"
"$PPRL" keygen "$demo/parties.key" 2> "$demo/keygen.log" || { cat "$demo/keygen.log" >&2; exit 1; }

encode() { # party, id column
  "$PPRL" encode "$sample/$1.csv" --agreement "$sample/linkage.toml" --key "$demo/parties.key" \
    --party "$1" --id "$2" --columns "$sample/$1.columns.toml" -o "$demo/$1.parquet"
}
echo; echo "== 2. The health department encodes its people"
encode health patient_no
echo; echo "== 3. The education department encodes its people"
encode education pupil_ref

echo; echo "== 4. The linkage unit, which has neither key nor names, links the encodings"
"$PPRL" match "$demo/health.parquet" "$demo/education.parquet" -o "$demo/links"

echo; echo "== 5. A statistician judges the links against the truth"
"$PPRL" evaluate "$demo/links" --truth "$sample/truth.csv" \
  --ids "health=$demo/health.ids.csv" --ids "education=$demo/education.ids.csv" -o "$demo/report.html"
