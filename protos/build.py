"""Generates the Python code and the descriptor image of the contract, beside the .proto files; does nothing when nothing changed.

    python protos/build.py

Writes *_pb2.py, *_pb2_grpc.py and their type stubs, recapito/descriptors.binpb (with comments) for the gateway, buf and the
documentation, and buf/validate/ from the installed protovalidate, so that nothing is vendored or fetched.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from google.protobuf import descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2

HERE = Path(__file__).resolve().parent
STAMP = HERE / "recapito" / ".generated"
GENERATORS = ("grpcio-tools", "protobuf", "protovalidate", "mypy-protobuf", "googleapis-common-protos")


def validate_descriptor() -> bytes:
    """Return buf/validate/validate.proto as a FileDescriptorSet, taken from the installed protovalidate.

    Its module is private, hence the pin in requirements.lock.
    """
    from protovalidate._gen.buf.validate import validate_pb

    files = descriptor_pb2.FileDescriptorSet()
    for module in (descriptor_pb2, duration_pb2, field_mask_pb2, timestamp_pb2):
        module.DESCRIPTOR.CopyToProto(files.file.add())
    files.file.append(descriptor_pb2.FileDescriptorProto.FromString(validate_pb.FieldRules.desc().file.proto.to_binary()))
    return files.SerializeToString()


def fingerprint() -> str:
    digest = hashlib.sha256("".join(f"{name}={importlib.metadata.version(name)};" for name in GENERATORS).encode())
    for path in [Path(__file__), *sorted(HERE.rglob("*.proto"))]:
        digest.update(path.relative_to(HERE).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def generate() -> None:
    spec = importlib.util.find_spec("google.api")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("googleapis-common-protos is not installed: run make setup")
    googleapis = Path(next(iter(spec.submodule_search_locations))).parents[1]
    files = sorted(path.relative_to(HERE).as_posix() for path in (HERE / "recapito").rglob("*.proto"))
    # protoc finds protoc-gen-mypy beside this Python.
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    with tempfile.NamedTemporaryFile(suffix=".binpb") as validate:
        validate.write(validate_descriptor())
        validate.flush()
        protoc = [
            sys.executable,
            "-m",
            "grpc_tools.protoc",
            f"--descriptor_set_in={validate.name}",
            f"--python_out={HERE}",
            f"--mypy_out=quiet:{HERE}",
        ]
        subprocess.run([*protoc, "buf/validate/validate.proto"], check=True, env=env)
        grpc = [f"-I{HERE}", f"-I{googleapis}", f"--grpc_python_out={HERE}", f"--mypy_grpc_out=quiet:{HERE}"]
        image = [f"--descriptor_set_out={HERE}/recapito/descriptors.binpb", "--include_imports", "--include_source_info"]
        subprocess.run([*protoc, *grpc, *image, *files], check=True, env=env)
    for package in {Path("buf/validate"), *(Path(*Path(file).parts[:2]) for file in files)}:
        (HERE / package / "py.typed").touch()  # PEP 561: one for each portion of a namespace package


def main() -> None:
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    generate()
    STAMP.write_text(wanted)


if __name__ == "__main__":
    main()
