"""The JSON Schema against real files: every good configuration in YAML fits, every one that is broken
in structure does not. Usage: schema_check.py SCHEMA GOOD_FOLDER... -- BROKEN_FOLDER..."""
import json
import pathlib
import re
import sys

import jsonschema
import yaml


class CoreLoader(yaml.SafeLoader):
    """YAML 1.2's core words: `on` and `no` are texts, 010 and 1:30 too."""


CoreLoader.yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
    ("null", r"^(?:~|null|)$", ["~", "n", ""]),
):
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))


def load(path):
    return yaml.load(path.read_text(), Loader=CoreLoader)


def main():
    schema = json.loads(pathlib.Path(sys.argv[1]).read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    split = sys.argv.index("--")
    bad = 0
    seen = 0
    for folder in sys.argv[2:split]:
        for path in sorted(pathlib.Path(folder).glob("*.yaml")):
            seen += 1
            for error in validator.iter_errors(load(path)):
                bad += 1
                print(f"{path}: {'.'.join(map(str, error.absolute_path))}: {error.message[:300]}")
    for folder in sys.argv[split + 1:]:
        for path in sorted(pathlib.Path(folder).glob("*.yaml")):
            text = path.read_text()
            if "# not for the schema" in text:
                continue
            seen += 1
            if validator.is_valid(load(path)):
                bad += 1
                print(f"{path}: the schema takes what the reader refuses")
    print(f"{seen} files, {bad} wrong")
    return 1 if bad or seen == 0 else 0


sys.exit(main())
