"""The interpreter exits cleanly whatever is still alive."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PREPARE = """
import sys
sys.path.insert(0, {tests!r})
import atexit, threading
import libattestor
from material import *

store = libattestor.BundleStore()
store.put("example.org", BUNDLE, now=CLOCK)
verifier = libattestor.Verifier(store, POLICY)
verifier.verify(TOKEN, now=CLOCK)
"""

ENDINGS = {
    "objects in globals": "",
    "objects in a cycle": "cycle = [store, verifier]; cycle.append(cycle); del store, verifier",
    "objects in a foreign module": "sys.kept = [store, verifier, libattestor._lowlevel._idle.scratches]",
    "an exception that was kept": """
        try:
            verifier.verify(b"a.b.c", now=CLOCK)
        except libattestor.Denied as error:
            kept = error
    """,
    "a verification at exit": "atexit.register(lambda: verifier.verify(TOKEN, now=CLOCK))",
    "a finalizer that verifies": """
        class Late:
            def __init__(self, verify): self.verify = verify
            def __del__(self, token=TOKEN, now=CLOCK):
                try: self.verify(token, now=now)
                except Exception: pass
        late = Late(verifier.verify)
        late.cycle = late
        import gc; gc.disable()
    """,
    "threads that have ended": """
        for _ in range(4):
            thread = threading.Thread(target=verifier.verify, args=(TOKEN,))
            thread.start(); thread.join()
    """,
    "threads inside calls": """
        def forever(call):
            while True:
                call()
        busy = threading.Barrier(5)
        def run(call):
            busy.wait(); forever(call)
        calls = [lambda: verifier.verify(TOKEN, now=CLOCK)] * 2
        calls += [lambda: store.put("example.org", BUNDLE, now=CLOCK)] * 2
        for call in calls:
            threading.Thread(target=run, args=(call,), daemon=True).start()
        busy.wait()
    """,
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("round", range(3))
def test_exit(ending: str, round: int) -> None:
    lines = ENDINGS[ending].splitlines()
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    script = PREPARE.format(tests=str(Path(__file__).parent)) + "\n".join(line[indent:] for line in lines)
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", script + "\nprint('done')"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "done\n", "")
