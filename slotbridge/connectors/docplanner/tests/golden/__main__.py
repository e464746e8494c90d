import json

from slotbridge.connectors.docplanner.tests.golden import HERE, SOURCE
from tests.contract_checker import Contract

for example in Contract().document["components"]["examples"].values():
    told = example["value"]
    if told.keys() == {"name", "data", "created_at"}:
        text = json.dumps(told, ensure_ascii=False, indent=2)
        (HERE / f"{told['name']}.{SOURCE}.json").write_text(f"{text}\n")
