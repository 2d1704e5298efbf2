"""What api.sh adds to Schemathesis: cursors as a feed gives them out, and an end for each burst that it begins."""

import base64

import requests
import schemathesis
from hypothesis import strategies as st

OFFSETS = st.dictionaries(st.integers(0, 999), st.integers(0, 2**40), max_size=8)


def cursor(run, bullet, offsets):
    places = ",".join(f"{partition}:{offset}" for partition, offset in offsets.items())
    return base64.urlsafe_b64encode(f"1.{run}.{bullet}.{places}".encode()).decode().rstrip("=")


NUMBERS = st.integers(0, 2**63)
schemathesis.openapi.format("cursor", st.builds(cursor, NUMBERS, NUMBERS, OFFSETS))


@schemathesis.hook
def after_call(context, case, response):
    """A burst of 100 senders for 300 s would load the machine for the rest of the run."""
    if response.status_code == 202 and case.path == "/bursts":
        requests.delete(f"{case.operation.base_url}/bursts/{response.json()['id']}", timeout=10)
