"""What api.sh adds to Schemathesis: cursors as a feed gives them out, and an end for each burst that it begins."""

import base64

import requests
import schemathesis
from hypothesis import strategies as st

OFFSETS = st.lists(st.integers(0, 2**40), max_size=8)


def varint(number):
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def cursor(run, bullet, time, offsets):
    numbers = b"".join(varint(number) for number in [bullet, time, *offsets])
    return base64.urlsafe_b64encode(b"\x02" + run.to_bytes(8, "big") + numbers).decode().rstrip("=")


NUMBERS = st.integers(0, 2**63 - 1)
schemathesis.openapi.format("cursor", st.builds(cursor, NUMBERS, NUMBERS, NUMBERS, OFFSETS))


@schemathesis.hook
def after_call(context, case, response):
    """A burst of 100 senders for 300 s would load the machine for the rest of the run."""
    if response.status_code == 202 and case.path == "/bursts":
        requests.delete(f"{case.operation.base_url}/bursts/{response.json()['id']}", timeout=10)
