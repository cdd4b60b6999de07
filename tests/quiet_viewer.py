"""`python -m quiet_viewer`: follows the sim whose address line comes on stdin, draws nothing, ends at EOF of stdin."""

import os
import sys
import threading
import time

from app.__main__ import first_line
from network import wire


def main() -> None:
    line = first_line()
    if not line:
        return
    ended = threading.Event()
    threading.Thread(target=lambda: (os.read(0, 1), ended.set()), daemon=True).start()
    with wire.Client(line) as client:
        client.show(["surplus_w_m2"])
        while not ended.is_set():
            client.poll()
            time.sleep(1 / 60)


if __name__ == "__main__":
    sys.exit(main())
