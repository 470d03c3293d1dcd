"""What a request's headers mean, and whose word is believed."""

from ipaddress import ip_network

import pytest

from server.headers import client_address, operation

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # not a proxy of ours: hearsay
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),  # what a client adds stands left
        ("10.0.0.1", "198.51.100.1, 10.0.0.7", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.9, 10.0.0.7", "10.0.0.9"),
        ("fd00::1", "2001:db8::5", "2001:db8::5"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, <script>", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        (None, "198.51.100.1", ""),
    ],
)
def test_the_nearest_address_that_is_no_proxy_of_ours_is_the_client(
    peer: str | None, forwarded: str | None, client: str
) -> None:
    assert client_address(peer, forwarded, PROXIES) == client


def test_without_trusted_proxies_nobody_is_believed() -> None:
    assert client_address("10.0.0.1", "198.51.100.1", ()) == "10.0.0.1"


def test_an_operation_is_known_by_what_it_says_and_not_by_how() -> None:
    first = operation("k", "escrows:create", {}, {"a": 1, "b": [1, 2]})
    assert operation("k", "escrows:create", {}, {"b": [1, 2], "a": 1}) == first
    for other in (
        operation("k", "escrows:create", {}, {"a": 1, "b": [2, 1]}),
        operation("k", "listings:create", {}, {"a": 1, "b": [1, 2]}),
        operation("k", "escrows:create", {"id": "7"}, {"a": 1, "b": [1, 2]}),
    ):
        assert other.fingerprint != first.fingerprint
