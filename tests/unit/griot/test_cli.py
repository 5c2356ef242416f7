"""The end of a command, whatever its threads do then."""

import subprocess
import sys

import pytest

IN_OPENSSL = """
import ssl, sys, threading, time
from griot.cli import main

def load():
    while True:
        ssl.create_default_context()

for _ in range(4):
    threading.Thread(target=load, daemon=True).start()
time.sleep(0.2)
main()
"""


@pytest.mark.parametrize(("words", "code"), [(["--version"], 0), (["nope"], 2)])
def test_a_thread_in_openssl_does_not_change_the_end(words: list[str], code: int) -> None:
    ends = [
        subprocess.run([sys.executable, "-c", IN_OPENSSL, *words], capture_output=True, text=True, timeout=60)
        for _ in range(3)
    ]
    assert [end.returncode for end in ends] == [code] * 3
    assert all(", version " in end.stdout or "'nope'" in end.stderr for end in ends)
