# SPDX-License-Identifier: Apache-2.0
"""Images made in memory, good and hostile."""
import gzip
import hashlib
import io
import json
import os
import platform
import tarfile

ARCH = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
OCI = "application/vnd.oci.image."


def entry(name, kind=tarfile.REGTYPE, data=b"", mode=0o644, target="", pax=None, device=(0, 0)):
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.size, info.linkname = kind, mode, len(data), target
    info.devmajor, info.devminor = device
    info.pax_headers = pax or {}
    return info, data


def folder(name, mode=0o755):
    return entry(name, tarfile.DIRTYPE, mode=mode)


def link(name, target):
    return entry(name, tarfile.SYMTYPE, target=target)


def hardlink(name, target):
    return entry(name, tarfile.LNKTYPE, target=target)


def layer(*entries):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def descriptor(kind, data):
    return {"mediaType": OCI + kind, "digest": digest(data), "size": len(data)}


def write_layout(path, layers, compress=False, change_manifest=None, change_blobs=None,
                 config=None):
    """An OCI layout in the directory path; the two hooks damage what they are given."""
    blobs = [gzip.compress(one, mtime=0) if compress else one for one in layers]
    config = config if config is not None else json.dumps({
        "architecture": ARCH, "os": "linux", "config": {"Cmd": ["sh"]},
        "rootfs": {"type": "layers", "diff_ids": [digest(one) for one in layers]}}).encode()
    manifest = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
                "config": descriptor("config.v1+json", config),
                "layers": [descriptor("layer.v1.tar", one) for one in blobs]}
    if change_manifest:
        change_manifest(manifest)
    text = json.dumps(manifest).encode()
    files = {digest(one): one for one in [*blobs, config, text]}
    if change_blobs:
        change_blobs(files)
    os.makedirs(os.path.join(path, "blobs/sha256"))
    for name, data in files.items():
        with open(os.path.join(path, "blobs/sha256", name[7:]), "wb") as file:
            file.write(data)
    index = {"schemaVersion": 2, "manifests": [
        descriptor("manifest.v1+json", text) |
        {"annotations": {"org.opencontainers.image.ref.name": "evil"}}]}
    with open(os.path.join(path, "index.json"), "w", encoding="utf-8") as file:
        json.dump(index, file)
    with open(os.path.join(path, "oci-layout"), "w", encoding="utf-8") as file:
        file.write('{"imageLayoutVersion": "1.0.0"}')
    return path
