"""Stands for the programs of an installation: answers the commands of its services from a file, and keeps what it was asked.

    python services_as_told.py FILE SERVICE PROCESS python -m services.<name> ARGUMENTS

FILE: {"<service>-<process> <arguments>": [code, output], …}; what is not in it ends with 1 and says so. Beside it, <FILE>.asked has a line
for each call.
"""

import json
import sys
from pathlib import Path

file, service, process, *command = sys.argv[1:]
assert command[:3] == ["python", "-m", f"services.{service}"], command
key = " ".join([f"{service}-{process}", *command[3:]])
with Path(f"{file}.asked").open("a") as asked:
    asked.write(f"{key}\n")
code, output = json.loads(Path(file).read_text()).get(key, [1, f"Error: nobody told what {key} says"])
sys.stdout.write(output if isinstance(output, str) else json.dumps(output))
sys.exit(code)
