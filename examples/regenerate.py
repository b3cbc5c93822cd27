"""Make both examples anew: data, models, pins, attestations, BOMs, and the digests that other files state.

    python3.11 -m venv .venv && .venv/bin/pip install . -r examples/requirements-regenerate.txt
    PATH=.venv/bin:$PATH python examples/regenerate.py [--lock]

Everything is deterministic but the signing keys: they are made anew, used, and thrown away, so each run gives other
signatures and another ``trust.yaml``. ``--lock`` also locks the dependencies again, which asks the package index.
What is not written here (manifests, training scripts, advisories, READMEs) is kept by hand.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from making import bom, gpu, insecure, pins, signing
from making.locking import lock
from making.training import flip_labels, train, write_data

from probatum.content import read_content

HERE = Path(__file__).resolve().parent
GOOD, BAD = HERE / "tumour-classifier", HERE / "tumour-classifier-insecure"
MODEL, PICKLE = "models/tumour-classifier.safetensors", "models/tumour-classifier.pkl"
VULNERABLE = "joblib==1.1.0"
ROWS_FLIPPED = 20


def main() -> None:
    """Regenerate everything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lock", action="store_true", help="resolve and lock the dependencies again")
    if parser.parse_args().lock:
        lock_both()
    keys = signing.new_keys()
    trained = good(keys)
    bad(keys, trained)


def lock_both() -> None:
    """The good lock file, and the insecure one made from it."""
    lock(GOOD / "requirements.in", GOOD / "requirements.txt")
    with tempfile.TemporaryDirectory() as folder:
        wanted, locked = Path(folder, "requirements.in"), Path(folder, "requirements.txt")
        wanted.write_text(f"{VULNERABLE}\n")
        lock(wanted, locked)
        entry = insecure.entry_of(locked.read_text(), "joblib")
    insecure.lock_with_defects((GOOD / "requirements.txt").read_text(), entry, BAD)


def good(keys: Mapping[str, signing.PrivateKey]) -> Any:
    """The example that passes; returns what training printed."""
    write_data(GOOD / "data/wdbc.csv")
    pins.write_dvc_pin(GOOD / "data/wdbc.csv")
    trained = train(GOOD, MODEL)
    pins.write_checksums(GOOD / "models", Path(MODEL).name)
    digest = pins.sha256(GOOD / MODEL)
    pins.annotate_deployment(GOOD / "deploy/serve.yaml", digest)
    (GOOD / "bom.cdx.json").write_text(bom.text(bom.ml_bom(GOOD, MODEL, trained)))
    (GOOD / "evidence/nvidia-smi.xml").write_text(gpu.report(mig=True))
    (GOOD / "trust.yaml").write_text(signing.trust_policy(keys))
    attest(GOOD, MODEL, keys, trained["hyperparameters"])
    (GOOD / f"{MODEL}.sig").write_bytes(signing.model_signature(GOOD / MODEL, keys["release"]))
    return trained


def bad(keys: Mapping[str, signing.PrivateKey], trained: Any) -> None:
    """The example with a dozen defects; its README lists them."""
    (BAD / PICKLE).write_bytes(insecure.malicious_pickle())
    (BAD / "models/backup.pkl").write_bytes(insecure.harmless_pickle())
    flip_labels(GOOD / "data/wdbc.csv", BAD / "data/wdbc.csv", ROWS_FLIPPED)
    shutil.copy(GOOD / "data/wdbc.csv.dvc", BAD / "data/wdbc.csv.dvc")
    pins.write_checksums(BAD / "models", Path(PICKLE).name, digest_of=GOOD / MODEL)
    pins.annotate_deployment(BAD / "deploy/serve.yaml", pins.sha256(GOOD / MODEL))
    document = bom.ml_bom(GOOD, MODEL, trained)
    (BAD / "bom.cdx.json").write_text(bom.text(bom.incomplete(document, pins.sha256(BAD / PICKLE))))
    (BAD / "evidence/nvidia-smi.xml").write_text(gpu.report(mig=False))
    (BAD / "trust.yaml").write_text(signing.trust_policy(keys))
    attest(BAD, PICKLE, signing.new_keys(), trained["hyperparameters"])
    shutil.copy(GOOD / f"{MODEL}.sig", BAD / f"{PICKLE}.sig")


def attest(
    pipeline: Path, model: str, keys: Mapping[str, signing.PrivateKey], hyperparameters: Mapping[str, Any]
) -> None:
    """Provenance and link of the training run."""
    digests = {path: pins.sha256(pipeline / path) for path in ("data/wdbc.csv", "requirements.txt", "src/train.py")}
    model_digest = pins.sha256(pipeline / model)
    materials = [
        {"name": "wdbc", "uri": "data/wdbc.csv", "digest": {"sha256": digests["data/wdbc.csv"]}},
        {"name": "dependencies", "uri": "requirements.txt", "digest": {"sha256": digests["requirements.txt"]}},
        # a folder: the digest is of the canonical list of path, size and SHA-256 of its files
        {"name": "code", "uri": "src", "digest": {"sha256": read_content(pipeline / "src").sha256}},
    ]
    signed = signing.provenance((model, model_digest), materials, hyperparameters, keys["builder"])
    (pipeline / "attestations/provenance.dsse.json").write_bytes(signed)
    link = signing.link(digests, {model: model_digest}, keys["recorder"])
    (pipeline / "attestations/train.link").write_bytes(link)


if __name__ == "__main__":
    main()
