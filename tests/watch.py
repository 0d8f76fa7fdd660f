"""What leaves a lab's host, and what it asks for."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.hosts import PREFIX, Host

# Prints the destinations of IP packets that leave through a network card, and answers the host's
# questions for names, which it prints too: there is no such name. Each is printed once, because
# nobody reads until the end.
WATCH = """
import select, socket

def name_in(question):
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1 : at + 1 + question[at]].decode())
        at += 1 + question[at]
    return ".".join(labels), question[12 : at + 5]

told = set()

def tell(line):
    if line not in told:
        told.add(line)
        print(line, flush=True)

packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
names.bind(("127.0.0.1", 53))
print("watching", flush=True)
while True:
    for source in select.select([packets, names], [], [])[0]:
        content, origin = source.recvfrom(65536)
        if source is names:
            name, asked = name_in(content)
            tell(f"name {name}")
            none = b"\\x81\\x83\\0\\1" + bytes(6)
            source.sendto(content[:2] + none + asked, origin)
            continue
        card, protocol, kind = origin[:3]
        if card != "lo" and kind == socket.PACKET_OUTGOING and protocol in (0x0800, 0x86DD):
            if protocol == 0x86DD:
                to = socket.inet_ntop(socket.AF_INET6, content[24:40])
            else:
                to = socket.inet_ntop(socket.AF_INET, content[16:20])
            tell(f"packet {to}")
"""


@contextmanager
def watched(host: Host) -> Iterator[list[str]]:
    """What left the host, or was asked for, in the time of the context; known at its end."""
    (host.root / "home/watch.py").write_text(WATCH)
    watch = host.open("exec python watch.py")
    assert watch.stdout is not None and watch.stdout.readline() == "watching\n"
    seen: list[str] = []
    try:
        yield seen
    finally:
        host.run("pkill -f '[w]atch.py'")
        seen.extend(watch.communicate()[0].splitlines())


def beyond(seen: list[str], *hosts: str) -> set[str]:
    """What was seen but for packets to the lab's hosts and questions for their names, and for the
    kernel's own packets, which look for neighbours."""
    known = (f"packet {PREFIX}", "packet ff02::", *(f"name {host}" for host in hosts))
    return {line for line in seen if not line.startswith(known)}
