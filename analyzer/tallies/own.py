"""What is ours: clients and domains that are no strangers to this server."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from socket import AF_INET, AF_INET6, inet_pton
from typing import TYPE_CHECKING

from analyzer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

Network = IPv4Network | IPv6Network
#: Addresses that no stranger on the Internet can have. RFC 1918, 3927, 4193, 4291, 6598, 1122 3.2.1.3 (loopback).
#: Not ``is_private``, which takes the ranges for documentation as well.
PRIVATE: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10",
        "::1/128", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip

#: How every text of such an address begins: what need not be looked at more closely, in a database.
LIKELY_PRIVATE = r"^(IPv6:)?(::|0*:|[fF][c-eC-E]|10\.|127\.|169\.254\.|172\.|192\.168\.|100\.|0)"


@dataclass(frozen=True)
class Own:
    """Our networks and domains, as the user names them beside private addresses, logins and submission services."""

    networks: tuple[Network, ...] = ()
    domains: tuple[str, ...] = ()

    @classmethod
    def parse(cls, texts: Sequence[str]) -> Own:
        """From texts such as ``192.0.2.0/24``, ``2001:db8::/32`` and ``example.org``; UsageError for anything else."""
        networks: list[Network] = []
        domains: list[str] = []
        for text in texts:
            try:
                networks.append(ip_network(text, strict=False))
            except ValueError:
                domain = text.strip().strip(".").lower()
                if "/" in domain or "." not in domain or "@" in domain or not domain.isprintable() or " " in domain:
                    raise UsageError(
                        f"{text!r} is neither a network nor a domain: write one such as 192.0.2.0/24 or example.org."
                    ) from None
                domains.append(domain)
        return cls(tuple(networks), tuple(domains))

    def has_client(self, address: str | None, host: str | None = None) -> bool:
        """Whether a client with this IP address, or this host name, is one of ours."""
        return self._has_address(address) or (bool(self.domains) and self.has_domain(host))

    def has_domain(self, name: str | None) -> bool:
        """Whether a host name or a mail domain is one of ours or below one."""
        name = (name or "").lower()
        return any(name == domain or name.endswith("." + domain) for domain in self.domains)

    @cached_property
    def _masks(self) -> dict[int, list[tuple[int, int]]]:
        """Mask and masked address of each network, by IP version: a report asks for every client, so no objects."""
        found: dict[int, list[tuple[int, int]]] = {4: [], 6: []}
        for network in PRIVATE + self.networks:
            found[network.version].append((int(network.netmask), int(network.network_address)))
        return found

    def _has_address(self, address: str | None) -> bool:
        text = (address or "").removeprefix("IPv6:").removeprefix("::ffff:")
        version, family = (6, AF_INET6) if ":" in text else (4, AF_INET)
        try:
            number = int.from_bytes(inet_pton(family, text), "big")
        except (OSError, ValueError):
            return False  # no address: logs put all kinds of things there
        return any(number & mask == start for mask, start in self._masks[version])
