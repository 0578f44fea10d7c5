"""Who is inside: on this machine, or in a network that the operator has named."""

from ipaddress import ip_address

from starlette.requests import Request

from chatapp.settings import settings

FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip", "via")


def forwarded(request: Request) -> bool:
    """Whether it comes through a proxy, and thus from anybody."""
    return any(name in request.headers for name in FORWARDED)


def inside(request: Request) -> bool:
    """Whether it comes straight from an address of ``CHATAPP_METRICS_NETWORKS``."""
    if request.client is None or forwarded(request):
        return False
    try:
        address = ip_address(request.client.host)
    except ValueError:
        return False
    return any(
        address.version == network.version and address in network
        for network in settings().metrics_networks
    )
