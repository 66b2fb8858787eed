"""Runs a real S3 server for tests: OpenStack Swift with its s3api, in one process, on a folder.

    python -W ignore serve.py FOLDER              prints its port and serves until its standard input closes
    python -W ignore serve.py FOLDER HOST PORT    serves there until it is killed (docker/compose.yaml)

For tests nothing is flushed to the disk; with HOST and PORT, acknowledged objects survive a power cut.

It checks signatures, Content-MD5, x-amz-checksum-sha256 and If-None-Match. Access key `farm:render`, secret
`secretkey`. It runs in an environment of its own (tests/s3_server/requirements.txt), since nothing of ours
imports it. Swift needs a file system with user xattrs.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import eventlet

eventlet.monkey_patch()
if len(sys.argv) <= 2:
    os.fsync = os.fdatasync = lambda _: None

from eventlet import wsgi  # noqa: E402 - after the patch, as eventlet asks for
from swift.common import utils  # noqa: E402
from swift.common.ring import RingData  # noqa: E402
from swift.common.wsgi import SwiftHttpProtocol  # noqa: E402

DEVICE = "disk"
SERVERS = ("account", "container", "object")
PROXY = """
[DEFAULT]
swift_dir = {folder}
[pipeline:main]
pipeline = catch_errors listing_formats s3api tempauth slo versioned_writes proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
allow_multipart_uploads = true
[filter:tempauth]
use = egg:swift#tempauth
user_farm_render = secretkey .admin
[filter:slo]
use = egg:swift#slo
[filter:versioned_writes]
use = egg:swift#versioned_writes
"""
STORAGE = """
[DEFAULT]
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
disable_fallocate = true
[pipeline:main]
pipeline = {server}-server
[app:{server}-server]
use = egg:swift#{server}
"""


def write_rings(folder: Path, ports: dict[str, int]) -> None:
    """Write Swift's rings for one device and one replica, with every partition on it."""
    import array  # noqa: PLC0415

    for server in SERVERS:
        device = {
            "id": 0, "zone": 1, "region": 1, "weight": 1.0, "ip": "127.0.0.1", "port": ports[server],
            "device": DEVICE, "meta": "", "replication_ip": "127.0.0.1", "replication_port": ports[server],
        }  # fmt: skip
        RingData([array.array("H", [0, 0])], [device], 31).save(str(folder / f"{server}.ring.gz"))


def main() -> None:
    folder = Path(sys.argv[1]).absolute()
    proxy = (sys.argv[2], int(sys.argv[3])) if len(sys.argv) > 2 else ("127.0.0.1", 0)
    (folder / "devices" / DEVICE).mkdir(parents=True, exist_ok=True)
    (folder / "swift.conf").write_text(
        "[swift-hash]\nswift_hash_path_prefix = a\nswift_hash_path_suffix = b\n"
    )
    utils.SWIFT_CONF_FILE = str(folder / "swift.conf")
    utils.HASH_PATH_PREFIX, utils.HASH_PATH_SUFFIX = b"a", b"b"
    sockets = {name: eventlet.listen(("127.0.0.1", 0)) for name in SERVERS} | {
        "proxy": eventlet.listen(proxy)
    }
    write_rings(folder, {name: sockets[name].getsockname()[1] for name in SERVERS})
    from swift.common.wsgi import loadapp  # noqa: PLC0415 - reads the configuration at import

    for name, socket in sockets.items():
        text = PROXY.format(folder=folder) if name == "proxy" else STORAGE.format(folder=folder, server=name)
        (folder / f"{name}.conf").write_text(text)
        app = loadapp(str(folder / f"{name}.conf"))
        eventlet.spawn(
            wsgi.server, socket, app, log=None, log_output=False, protocol=SwiftHttpProtocol,
            capitalize_response_headers=False, max_size=256,
        )  # fmt: skip
    sys.stdout.write(f"{sockets['proxy'].getsockname()[1]}\n")
    sys.stdout.flush()
    if proxy[1]:
        eventlet.event.Event().wait()
    eventlet.hubs.trampoline(0, read=True)  # until the process that started us ends
    os._exit(0)


if __name__ == "__main__":
    main()
