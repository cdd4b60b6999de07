"""`python -m reporting_viewer LINE`: a viewer that says what it shows whenever a line comes on stdin."""

import json
import sys
import threading
import time

from twins import Watcher


def main() -> None:
    viewer = Watcher(sys.argv[1])
    asked = threading.Event()
    ended = threading.Event()

    def listen() -> None:
        for _ in sys.stdin:
            asked.set()
        ended.set()

    threading.Thread(target=listen, daemon=True).start()
    heard_s = time.monotonic()
    while not ended.is_set():
        if any(type(m).__name__ == "Clock" for m in viewer.look()):
            heard_s = time.monotonic()
        if asked.is_set() and "balance" in viewer.newest and "scenario" in viewer.newest:
            asked.clear()
            block = viewer.newest.get("surplus_w_m2")
            said = {
                "share": [c.values["share"] for c in viewer.scenario.choices],
                "scenario": viewer.scenario.revision,
                "ledger": viewer.newest["balance"].totals_j,
                "ledger_of": viewer.newest["balance"].revision,
                "picture_of": block.key.scenario_revision if block else None,
                "picture_age_s": time.monotonic() - heard_s,
                "run": viewer.newest["hello"].run,
                "block_run": block.key.run if block else None,
            }
            print(json.dumps(said), flush=True)
        time.sleep(1 / 60)
    viewer.close()


if __name__ == "__main__":
    main()
