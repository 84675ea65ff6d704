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
source = libattestor.Source.trust_domain("example.org")
"""

ENDINGS = {
    "objects in globals": "",
    "objects in a cycle": "cycle = [store, verifier]; cycle.append(cycle); del store, verifier",
    "objects in a foreign module": "sys.kept = [store, verifier, verifier._handle.idle]",
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
    "a fetch that was never called": "store.set_feed(source, lambda source, sink: sink.put(BUNDLE))",
    "a fetch of a store in a cycle": """
        def fetch(source, sink):
            store.info("example.org")
            sink.put(BUNDLE)
        store.set_feed(source, fetch)
        store.refresh(now=CLOCK)
    """,
    "a fetch of a store in a foreign module": """
        store.set_feed(source, lambda source, sink: sink.put(BUNDLE))
        store.refresh(now=CLOCK)
        sys.kept = [store, verifier]
        del store, verifier
    """,
    "a fetch with a finalizer": """
        class Fetch:
            def __call__(self, source, sink): sink.put(BUNDLE)
            def __del__(self): self.gone = True
        store.set_feed(source, Fetch())
        store.refresh(now=CLOCK)
        sys.kept = [verifier]
    """,
    "a sink that was kept": """
        store.set_feed(source, lambda source, sink: setattr(sys, "kept", sink))
        store.refresh(now=CLOCK)
    """,
    "a refresh at exit": """
        def last():
            assert store.refresh_source(source, now=CLOCK) is None
            assert verifier.verify(TOKEN, now=CLOCK, refresh=True)
        store.set_feed(source, lambda source, sink: sink.put(BUNDLE))
        atexit.register(last)
    """,
    "a finalizer that refreshes": """
        class Late:
            def __init__(self, store): self.refresh = store.refresh_source
            def __del__(self, source=source, now=CLOCK):
                try: self.refresh(source, now=now)
                except Exception: pass
        store.set_feed(source, lambda source, sink, bundle=BUNDLE: sink.put(bundle))
        late = Late(store)
        late.cycle = late
        sys.kept = [store, late]
        import gc; gc.disable()
    """,
    "threads that fetch": """
        def forever(busy, store, pause):
            def fetch(source, sink):
                pause()
                sink.put(BUNDLE)
                pause()
            store.set_feed(source, fetch)
            store.refresh_source(source, now=CLOCK)
            busy.wait()
            while True:
                store.refresh_source(source, now=CLOCK)
        import time
        pauses = [lambda: None, lambda: time.sleep(0), lambda: time.sleep(0.001), lambda: sum(range(3000))]
        busy = threading.Barrier(5)
        for pause in pauses:
            own = libattestor.BundleStore()
            threading.Thread(target=forever, args=(busy, own, pause), daemon=True).start()
        busy.wait()
    """,
    "threads that set and close": """
        class Fetch:
            def __call__(self, source, sink): sink.put(BUNDLE)
            def __del__(self): sum(range(1000))
        def forever(busy, store):
            busy.wait()
            while True:
                store.set_feed(source, Fetch())
                store.close_feed(source)
        busy = threading.Barrier(5)
        for _ in range(4):
            own = libattestor.BundleStore()
            threading.Thread(target=forever, args=(busy, own), daemon=True).start()
        busy.wait()
    """,
    "a thread that waits in a fetch": """
        inside = threading.Event()
        def fetch(source, sink):
            inside.set()
            threading.Event().wait()
        store.set_feed(source, fetch)
        threading.Thread(target=store.refresh, daemon=True).start()
        inside.wait()
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
