"""The JSON Schema and the library judge the policies of the corpus alike, but for what a schema cannot say."""

import json
import re
from pathlib import Path

from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[1]
VECTORS = ROOT / "tests" / "vectors"
# Repeated member names, overlaps between attestors, captures and their names, encodings.
BEYOND_A_SCHEMA = re.compile("twin|several|bom|utf-16|same|alias-of|shared-alias|aliases-repeat|foreign|beyond")


def refused_policies() -> set[str]:
    """Policies that the corpus expects to be refused: the shadow policy of a case that has one."""
    rows = [line.split("\t") for line in (VECTORS / "cases.tsv").read_text().splitlines()[1:]]
    return {judged_last(row) for row in rows if row[7] == "config_invalid"}


def judged_last(row: list[str]) -> str:
    shadows = [item[1:] for item in row[4].split(",") if item.startswith("~")]
    return shadows[-1] if shadows else row[3]


def schema_accepts(validator: Draft202012Validator, path: Path) -> bool:
    try:
        return validator.is_valid(json.loads(path.read_bytes()))
    except ValueError:
        return False


def main() -> int:
    schema = json.loads((ROOT / "docs" / "policy.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    refused = refused_policies()
    policies = sorted((VECTORS / "policies").iterdir())
    too_strict = [p.name for p in policies if p.name not in refused and not schema_accepts(validator, p)]
    too_lax = [p.name for p in policies if p.name in refused and schema_accepts(validator, p)]
    print(f"{len(policies)} policies; only the library refuses: {', '.join(too_lax) or 'none'}")
    if too_strict:
        print(f"the schema refuses what the library takes: {', '.join(too_strict)}")
    unexpected = [name for name in too_lax if not BEYOND_A_SCHEMA.search(name)]
    if unexpected:
        print(f"the schema takes what the library refuses: {', '.join(unexpected)}")
    return 1 if too_strict or unexpected else 0


if __name__ == "__main__":
    raise SystemExit(main())
