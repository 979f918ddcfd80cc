"""Sixty addresses that lead inside, in every disguise, and some that do not."""

from __future__ import annotations

import pytest

from outbound.sending import Failed, Refused, checked, send
from outbound.sentences import in_words

HOSTS = """
127.0.0.1 127.1 127.0.1.1 0.0.0.0 0 2130706433 0x7f000001 0177.0.0.1 0x7f.1 localhost
10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.254 192.168.0.1 192.168.255.255 3232235521
169.254.169.254 169.254.0.1 2852039166 100.64.0.1 100.127.255.254 192.0.0.1 192.0.0.170
192.0.2.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 192.88.99.1 192.31.196.1
192.52.193.1 192.175.48.1 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
[::1] [::] [::ffff:127.0.0.1] [::ffff:10.0.0.1] [::ffff:169.254.169.254] [::ffff:8.8.8.8]
[::127.0.0.1] [::8.8.8.8] [64:ff9b::7f00:1] [64:ff9b::808:808] [64:ff9b:1::a00:1]
[fe80::1] [fe80::1%25lo] [fec0::1] [fc00::1] [fd12:3456::1] [ff02::1] [100::1]
[2001:db8::1] [2001::1] [2001:20::1] [2002:7f00:1::] [2002:a00:1::1] [3fff::1] [5f00::1]
[2620:4f:8000::1] [4000::1]
"""
INSIDE = HOSTS.split()
OUTSIDE = ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1",
           "192.0.1.1", "[2606:4700:4700::1111]", "[2a00:1450:4001::1]"]  # fmt: skip


def test_there_are_sixty() -> None:
    """As many as were promised, none twice."""
    assert len(set(INSIDE)) == len(INSIDE) >= 60


@pytest.mark.parametrize("host", INSIDE)
def test_an_address_that_leads_inside_is_never_asked(host: str) -> None:
    """Refused before a connection is made, with one code."""
    with pytest.raises((Refused, Failed)) as caught:
        send("GET", f"https://{host}/", seconds=5, most_bytes=10)
    assert isinstance(caught.value, (Refused, Failed))
    assert caught.value.code in ("address_not_public", "url_malformed", "name_unknown")
    if host[0] == "[" or host[0].isdigit():
        assert isinstance(caught.value, Refused)


@pytest.mark.parametrize("host", OUTSIDE)
def test_a_public_address_may_be_asked(host: str) -> None:
    """Nothing of the internet itself is shut out."""
    assert checked(f"https://{host}/hook?x=1").hostname


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://example.org/", "https_needed"),
        ("ftp://example.org/", "url_malformed"),
        ("file:///etc/passwd", "url_malformed"),
        ("//example.org/", "url_malformed"),
        ("https://", "url_malformed"),
        ("https://user:pass@example.org/", "url_with_password"),
        ("https://example.org@127.0.0.1/", "url_with_password"),
        ("https://example.org/#part", "url_malformed"),
        ("https://example.org:22/", "port_closed"),
        ("https://example.org:99999/", "url_malformed"),
        ("https://exa mple.org/", "url_malformed"),
        ("https://example.org/\r\nHost: x", "url_malformed"),
        ("https://ex\u0430mple.org/", "url_malformed"),
        ("https://[::1/", "url_malformed"),
        ("https://example.org/" + "x" * 2000, "url_too_long"),
    ],
)
def test_an_address_that_is_none_is_told(url: str, code: str) -> None:
    """A stable code and a sentence."""
    with pytest.raises(Refused) as caught:
        checked(url)
    assert caught.value.code == code and in_words(code)
