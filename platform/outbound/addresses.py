"""Decides which network addresses are public.

The lists are IANA's registries of special-purpose addresses, written out, because Python's
`is_global` differs between versions and accepts addresses that embed another one.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

CLOSED_4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by a carrier's customers (CGNAT)
        "127.0.0.0/8",  # this machine
        "169.254.0.0/16",  # this link, and the metadata of clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocols
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
OPEN_6 = ipaddress.IPv6Network("2000::/3")
"""All that is assigned. What lies outside is mapped, translated (NAT64), local or multicast."""
CLOSED_6 = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "2001::/23",  # protocols: Teredo, ORCHID, AMT, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: carries an IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)


def is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in CLOSED_4)
    if address.scope_id is not None or address not in OPEN_6:
        return False
    return not any(address in network for network in CLOSED_6)


def is_allowed(address: Address, allowed: Collection[str] = ()) -> bool:
    """Public, or in a network that the operator names. A mapped address is not distinguished from
    the one inside it, so it is never allowed."""
    return is_public(address) or is_named(address, allowed)


def is_named(address: Address, allowed: Collection[str]) -> bool:
    networks = (_network(text) for text in allowed)
    return any(net.version == address.version and address in net for net in networks)


@lru_cache(maxsize=256)
def _network(text: str) -> Network:
    return ipaddress.ip_network(text.strip())
