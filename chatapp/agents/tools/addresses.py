"""Which addresses on the network anybody may be sent to: those of the public internet."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_CLOSED_4 = [
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # what a virtual machine in Azure is told about itself
        "169.254.0.0/16",  # and elsewhere
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
]
_OPEN_6 = ip_network("2000::/3")
_CLOSED_6 = [
    ip_network(network)
    for network in (
        "2001::/23",  # of protocols; Teredo among them, which holds an IPv4 address
        "2001:db8::/32",
        "2002::/16",  # 6to4, which holds one as well
        "3fff::/20",
    )
]


def is_public(address: str) -> bool:
    """Whether an address, as a resolver gives it, is one of the public internet.

    What maps or embeds an IPv4 address counts as not public.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv4Address):
        return not any(found in network for network in _CLOSED_4)
    return _is_public_6(found)


def _is_public_6(address: IPv6Address) -> bool:
    if address.scope_id is not None or address not in _OPEN_6:
        return False
    return not any(address in network for network in _CLOSED_6)
