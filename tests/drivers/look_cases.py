#!/usr/bin/env python3
"""Makes connections of every kind and has them looked at.

Usage: look_cases.py LOOK NO_NETLINK CASE.  Ends with 0 when the look was right, else
with a traceback.
"""

import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

LOOK, NO_NETLINK = sys.argv[1:3]


class Look:
    def __init__(self, *words, refused=False):
        command = [NO_NETLINK, LOOK] if refused else [LOOK]
        out = subprocess.run([*command, *map(str, words)], check=False, text=True,
                             capture_output=True, timeout=30)
        self.text = out.stdout.strip()
        self.cost = out.stderr.strip()
        if self.text.startswith("error="):
            return
        fields = dict(word.split("=") for word in self.text.split())
        self.connections = int(fields["connections"])
        self.in_flight = int(fields["in_flight"])
        self.unclear = int(fields["unclear"])
        self.fallback = int(fields["fallback"])
        self.ports = [int(port) for port in fields["ports"].split(",") if port]
        idle = fields["idle_ms"]
        self.idle_ms = None if idle == "never" else int(idle)

    def check(self, connections, in_flight):
        got = (self.connections, self.in_flight)
        assert got == (connections, in_flight), self.text
        return self


class Pair:
    """A listener, and connections to it: .client and .server ends."""

    def __init__(self, family=socket.AF_INET, host="127.0.0.1", dual=False):
        self.listener = socket.socket(family)
        if family == socket.AF_INET6:
            self.listener.setsockopt(socket.IPPROTO_IPV6,
                                     socket.IPV6_V6ONLY, not dual)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        self.listener.bind(("::" if dual else host, 0))
        self.listener.listen(1024)
        self.host = host
        self.port = self.listener.getsockname()[1]

    def connect(self):
        """Not accepted yet."""
        client = socket.create_connection((self.host, self.port))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    def both(self):
        client = self.connect()
        server = self.listener.accept()[0]
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client, server

    def look(self, *words, refused=False):
        return Look(*words, self.port, refused=refused)

    def until(self, check, *words, refused=False):
        """Looks until it is so; what it was at the end where it never is."""
        until = time.monotonic() + 20
        while True:
            look = self.look(*words, refused=refused)
            if check(look):
                return look
            assert time.monotonic() < until, look.text
            time.sleep(0.02)


def exchange(client, server, request=b"GET", answer=b"200"):
    client.sendall(request)
    receive(server, len(request))
    server.sendall(answer)
    receive(client, len(answer))


def receive(end, length):
    while length > 0:
        part = end.recv(length)
        assert part
        length -= len(part)


def settled(look):
    """All ties are old enough to be told apart."""
    return look.idle_ms is not None and look.idle_ms >= 300


def idle():
    """Answered, and silent since then."""
    pair = Pair()
    pair.look().check(0, 0)
    ends = [pair.both() for _ in range(5)]
    for client, server in ends:
        exchange(client, server)
    pair.until(settled).check(5, 0)


def fresh():
    """Nobody has said anything: neither a request nor activity."""
    pair = Pair()
    ends = pair.both()
    waiting = pair.connect()
    look = pair.look().check(2, 0)
    assert look.idle_ms is None, look.text
    del ends, waiting


def first_request():
    pair = Pair()
    client, server = pair.both()
    client.sendall(b"GET")
    receive(server, 3)
    pair.until(settled).check(1, 1)
    server.sendall(b"200")
    receive(client, 3)
    pair.until(lambda look: look.in_flight == 0)


def later_request():
    pair = Pair()
    client, server = pair.both()
    exchange(client, server)
    time.sleep(0.05)
    client.sendall(b"GET")
    receive(server, 3)
    pair.until(settled).check(1, 1)


def greeting():
    """The server has spoken first, as SMTP does: nobody has asked."""
    pair = Pair()
    client, server = pair.both()
    server.sendall(b"220 hello")
    receive(client, 9)
    look = pair.until(lambda look: look.in_flight == 0).check(1, 0)
    assert look.idle_ms is not None


def unread():
    """It has come, but the program has not taken it."""
    pair = Pair()
    client, server = pair.both()
    exchange(client, server)
    client.sendall(b"GET")
    pair.until(settled).check(1, 1)
    del server


def accept_queue():
    pair = Pair()
    client = pair.connect()
    client.sendall(b"GET")
    pair.until(settled).check(1, 1)


def streamed():
    """A part of the answer every 50 ms: the idle time starts anew."""
    pair = Pair()
    client, server = pair.both()
    client.sendall(b"GET")
    receive(server, 3)
    end = threading.Event()

    def stream():
        while not end.wait(0.05):
            server.sendall(b"data: x\n\n")

    def read():
        while client.recv(4096):
            pass

    threads = [threading.Thread(target=f) for f in (stream, read)]
    for thread in threads:
        thread.start()
    time.sleep(2)
    try:
        worst = max(pair.look().idle_ms for _ in range(20))
    finally:
        end.set()
        threads[0].join()
        server.close()
        threads[1].join()
    # Generous, as machines are noisy; without the data it were over 2,000.
    assert worst < 1900, worst


def unacknowledged():
    """The reader does not read: the rest of the answer is on the way."""
    pair = Pair()
    client, server = pair.both()
    client.sendall(b"GET")
    receive(server, 3)
    server.setblocking(False)
    total = 0
    try:
        while True:
            total += server.send(b"x" * 65536)
    except BlockingIOError:
        pass
    pair.until(settled).check(1, 1)
    receive(client, total)
    pair.until(settled).check(1, 0)


def closing():
    """Answered and closed, and the answer is still on the way."""
    pair = Pair()
    client, server = pair.both()
    client.sendall(b"GET")
    receive(server, 3)
    server.setblocking(False)
    total = 0
    try:
        while True:
            total += server.send(b"x" * 65536)
    except BlockingIOError:
        pass
    server.close()
    pair.look().check(1, 1)
    receive(client, total)
    pair.until(lambda look: look.connections == 0).check(0, 0)


def half_closed():
    """The client has sent its request and its end, and waits (nc -N)."""
    pair = Pair()
    client, server = pair.both()
    client.sendall(b"GET")
    client.shutdown(socket.SHUT_WR)
    receive(server, 3)
    assert server.recv(1) == b""
    pair.until(settled).check(1, 1)
    server.sendall(b"200")
    receive(client, 3)
    pair.until(lambda look: look.in_flight == 0).check(1, 0)


def abandoned():
    """Connected and gone again without a word."""
    pair = Pair()
    client, server = pair.both()
    client.close()
    pair.until(lambda look: look.connections == 1).check(1, 0)
    del server


def uploading():
    """Behind an answer, an upload that takes longer than a clock tick."""
    pair = Pair()
    client, server = pair.both()
    exchange(client, server)
    for _ in range(20):
        client.sendall(b"x" * 65536)
        receive(server, 65536)
        time.sleep(0.002)
    pair.until(settled).check(1, 1)


def is_tie(end):
    """Has the kernel seen data both ways in the same tick, at this end?"""
    info = end.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    sent, _, received = struct.unpack_from("3I", info, 44)
    return sent == received


def make_ties(want, last):
    """Connections whose last exchange, ended by last(), is in one tick."""
    pair = Pair()
    ties = []
    for _ in range(want * 20):
        client, server = pair.both()
        for _ in range(10):
            exchange(client, server)
        last(client, server)
        if is_tie(server):
            ties.append((client, server))
        else:
            client.close()
            server.close()
        if len(ties) == want:
            break
    assert len(ties) == want, len(ties)
    pair.until(lambda look: look.connections == want)
    return pair, ties


def request_behind(client, server):
    exchange(client, server)
    client.sendall(b"GET")
    receive(server, 3)


def tie_unanswered():
    """A request in the same tick as the answer before it."""
    pair, ties = make_ties(50, request_behind)
    pair.until(settled, "-q", 0).check(50, 50)
    del ties


def tie_unread():
    """An upload in that tick is acknowledged at once, and not yet read."""
    def last(client, server):
        exchange(client, server)
        client.sendall(b"x" * 50000)

    pair, ties = make_ties(20, last)
    pair.until(settled, "-q", 0).check(20, 20)
    del ties


def tie_answered():
    pair, ties = make_ties(50, exchange)
    pair.until(settled, "-q", 60000).check(50, 0)
    del ties


def tie_mixed():
    """One of many is unanswered, through both families."""
    for dual in (False, True):
        pair = Pair(socket.AF_INET6, "127.0.0.1", True) if dual else Pair()
        ends = [pair.both() for _ in range(20)]
        for client, server in ends:
            exchange(client, server)
        while True:
            request_behind(*ends[7])
            if is_tie(ends[7][1]):
                break
            ends[7][1].sendall(b"200")
            receive(ends[7][0], 3)
        pair.until(settled, "-q", 0).check(20, 1)


def tie_young():
    """Too early to tell: in flight."""
    pair = Pair()
    client, server = pair.both()
    for _ in range(1000):
        request_behind(client, server)
        look = pair.look("-q", 0)
        if is_tie(server) and look.idle_ms < 200:
            look.check(1, 1)
            return
        server.sendall(b"200")
        receive(client, 3)
    raise AssertionError("no ties here")


def on_its_way():
    """Answered, and the client's delayed ACK has not come: not in flight."""
    pair = Pair()
    client, server = pair.both()
    for _ in range(1000):
        exchange(client, server)
        look = pair.look("-q", 1000)
        if unacked(server) and look.idle_ms < 100:
            break
    else:
        raise AssertionError("no delayed ACK here")
    look.check(1, 0)
    # Where that is not held for QUIET, it is waited for.
    for _ in range(1000):
        exchange(client, server)
        look = pair.look("-q", 0)
        if unacked(server):
            break
    look.check(1, 1)


def unacked(end):
    """Has the kernel not had the acknowledgement of everything sent?"""
    info = end.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    return struct.unpack_from("I", info, 24)[0] > 0


def ipv6():
    pair = Pair(socket.AF_INET6, "::1")
    client, server = pair.both()
    client.sendall(b"GET")
    receive(server, 3)
    pair.look().check(1, 1)
    server.sendall(b"200")
    receive(client, 3)
    pair.until(settled).check(1, 0)


def mapped():
    """IPv4 peers of an IPv6 listener are there once."""
    pair = Pair(socket.AF_INET6, "127.0.0.1", dual=True)
    client, server = pair.both()
    client.sendall(b"GET")
    receive(server, 3)
    pair.look().check(1, 1)
    pair.look(refused=True).check(1, 1)


def ports():
    """Several ports are one sum, and no other port is looked at."""
    pairs = [Pair() for _ in range(17)]
    ends = [pair.both() for pair in pairs]
    for client, server in ends:
        client.sendall(b"GET")
        receive(server, 3)
    numbers = [pair.port for pair in pairs]
    for count in range(1, 17):
        Look(*numbers[:count]).check(count, count)
        Look(*reversed(numbers[1:1 + count])).check(count, count)
        Look(*numbers[:count], refused=True).check(count, count)


def fallback():
    """sock_diag is refused: /proc tells most idle connections."""
    pair = Pair()
    fresh = pair.both()
    quick = pair.both()
    exchange(*quick)
    look = pair.look(refused=True).check(2, 0)
    assert (look.fallback, look.unclear, look.idle_ms) == (1, 0, None), \
        look.text
    # A request: at first the answer before it still makes it look idle.
    quick[0].sendall(b"GET")
    receive(quick[1], 3)
    look = pair.until(lambda look: look.in_flight == 1, refused=True)
    assert look.unclear == 1, look.text
    # An answer that was slow cannot be told from none.
    quick[1].sendall(b"200")
    receive(quick[0], 3)
    time.sleep(0.5)
    look = pair.look(refused=True).check(2, 1)
    assert look.unclear == 1, look.text
    # What has not been read, or not been acknowledged, is clear.
    fresh[0].sendall(b"GET")
    look = pair.until(lambda look: look.in_flight == 2, refused=True)
    assert look.unclear == 1, look.text
    for end in (*fresh, *quick):
        end.close()
    pair.until(lambda look: look.connections == 0, refused=True).check(0, 0)


class Other(Pair):
    """The same in a process of its own, which does what it is told."""

    def __init__(self, port=0, before=(), family="AF_INET", host="127.0.0.1",
                 user=0):
        self.process = subprocess.Popen(
            [*before, sys.executable, "-c", self.CODE, str(port), family,
             host, str(user)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.host = host
        self.port = int(self.process.stdout.readline())

    CODE = """
import os, socket, sys
listener = socket.socket(getattr(socket, sys.argv[2]))
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
listener.bind((sys.argv[3], int(sys.argv[1])))
listener.listen(1024)
if sys.argv[4] != "0":
    os.setuid(int(sys.argv[4]))
print(listener.getsockname()[1], flush=True)
ends = []
for line in sys.stdin:
    word = line.strip()
    if word == "accept":
        ends.append(listener.accept()[0])
    elif word == "read":
        ends[-1].recv(100)
    elif word == "answer":
        ends[-1].sendall(b"200")
    elif word == "anew":
        listener.close()
        listener = socket.socket(getattr(socket, sys.argv[2]))
        listener.bind((sys.argv[3], 0))
        listener.listen(1024)
    print(listener.getsockname()[1], flush=True)
"""

    def tell(self, *words):
        for word in words:
            self.process.stdin.write(word + "\n")
            self.process.stdin.flush()
            port = int(self.process.stdout.readline())
        return port

    def busy(self):
        """A connection whose request has been read, and not answered."""
        client = self.connect()
        client.sendall(b"GET")
        self.tell("accept", "read")
        return client

    def look(self, *words, refused=False):
        """What is ours is this process and what is below it."""
        return Look("-p", self.process.pid, *words, refused=refused)

    def end(self):
        self.process.kill()
        self.process.wait()


def auto():
    """The ports of a process, and no other's: a neighbour's are busy."""
    neighbour = Other()
    held = [neighbour.busy() for _ in range(4)]
    for family, host in (("AF_INET", "127.0.0.1"), ("AF_INET6", "::1"),
                         ("AF_INET", "127.0.0.2")):
        server = Other(family=family, host=host)
        for refused in (False, True):
            look = server.look("-a", refused=refused).check(0, 0)
            assert look.ports == [server.port], look.text
        busy = server.busy()
        server.look("-a").check(1, 1)
        # It listens anew: at the stop request the new port is found.
        port = server.tell("anew")
        look = server.look("-a").check(0, 0)
        assert look.ports == [port], look.text
        # And a port that is named as well.
        look = server.look("-a", server.port).check(1, 1)
        assert look.ports == sorted((port, server.port)), look.text
        busy.close()
        server.end()
    del held
    neighbour.end()


def auto_below():
    """Processes below, two ports of one, and none of those beside."""
    here = Pair(), Pair()
    below = Other()
    beside = Other()
    look = Look("-a", "-p", below.process.pid)
    assert look.ports == [below.port], look.text
    look = Look("-a")
    assert set(look.ports) == {here[0].port, here[1].port, below.port,
                               beside.port}, look.text
    below.end()
    beside.end()


def auto_own():
    """All but the port of lastcall's own, --ready-port."""
    here = Pair(), Pair()
    for refused in (False, True):
        look = Look("-a", "-x", here[0].port, refused=refused)
        assert look.ports == [here[1].port], look.text


def auto_none():
    lone = subprocess.Popen(["sleep", "60"])
    look = Look("-a", "-p", lone.pid).check(0, 0)
    assert look.ports == [], look.text
    lone.kill()
    lone.wait()


def by_uid():
    """Another user's, for who may not look: the uid of the socket decides."""
    # As Docker has it, and with nothing at all.
    for may_not in ("-sys_ptrace", "-all"):
        by_uid_without(may_not)


def by_uid_without(capabilities):
    stranger = Other(before=("setpriv", "--reuid=1001", "--clear-groups"))
    server = Other(before=("setpriv", "--reuid=1000", "--clear-groups"))
    held = stranger.busy()
    busy = server.busy()
    out = subprocess.run(["setpriv", "--bounding-set=" + capabilities,
                          "--inh-caps=-all", "--reuid=0", LOOK, "-a", "-p",
                          str(server.process.pid)],
                         check=True, text=True, capture_output=True)
    assert f"ports={server.port}\n" in out.stdout, out.stdout
    assert "connections=1 in_flight=1" in out.stdout, out.stdout
    for end in (held, busy):
        end.close()
    stranger.end()
    server.end()


def by_own_uid():
    """It has made its socket as root, and changed its user then."""
    server = Other(user=1000)
    out = subprocess.run(["setpriv", "--bounding-set=-sys_ptrace", LOOK, "-a",
                          "-p", str(server.process.pid)],
                         check=True, text=True, capture_output=True)
    ports = out.stdout.strip().split("ports=")[1].split(",")
    # All of root's, as they cannot be told apart.
    assert str(server.port) in ports, out.stdout
    server.end()


def shared():
    """Two versions on one port, by SO_REUSEPORT: only ours counts."""
    old = Other()
    new = Other(old.port)
    mine, others, clients = [], [], []
    # The kernel chooses who gets a connection.
    while len(mine) < 3 or len(others) < 4:
        client = old.connect()
        clients.append(client)
        client.sendall(b"GET")
        (mine if accepted_by(old, new) is old else others).append(client)
    for refused in (False, True):
        old.look(old.port, refused=refused).check(len(mine), len(mine))
        new.look(old.port, refused=refused).check(len(others), len(others))
    # One that nobody has accepted yet.
    queued = old.connect()
    queued.sendall(b"GET")
    looks = [server.until(lambda look: True, old.port).in_flight
             for server in (old, new)]
    assert sum(looks) == len(mine) + len(others) + 1, looks
    # Who listened beside us has gone, its connections have not.
    new.tell("anew")
    every = len(mine) + len(others) + (looks[0] - len(mine))
    old.look(old.port).check(every, every)
    queued.close()
    old.end()
    new.end()


def accepted_by(old, new):
    """Who of both got the connection?  It is accepted there, and read."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        out = subprocess.run(
            ["ss", "-Hltnp", "sport", "=", f":{old.port}"], check=True,
            text=True, capture_output=True).stdout
        for line in out.splitlines():
            for server in (old, new):
                if (line.split()[1] == "1" and
                        f"pid={server.process.pid}," in line):
                    server.tell("accept", "read")
                    return server
    raise AssertionError("nobody got it")


def oldest():
    """The client's last word is not waited for when it is too old."""
    pair = Pair()
    pong, old, fresh = pair.both(), pair.both(), pair.both()
    pong[1].sendall(b"ping")
    receive(pong[0], 4)
    time.sleep(0.05)
    pong[0].sendall(b"pong")
    receive(pong[1], 4)
    old[0].sendall(b"GET")  # not even read
    time.sleep(1)
    fresh[0].sendall(b"GET")
    receive(fresh[1], 3)
    pair.look("-o", 60000).check(3, 3)
    pair.look("-o", 900).check(3, 1)
    time.sleep(0.05)
    pair.look("-o", 1).check(3, 0)
    # What the server has said last is delivered, however long that takes.
    old[1].setblocking(False)
    try:
        while True:
            old[1].send(b"x" * 65536)
    except BlockingIOError:
        pass
    time.sleep(0.5)
    pair.look("-o", 300).check(3, 1)


def gives_up():
    pair = Pair()
    for refused in (False, True):
        look = pair.look("-t", refused=refused)
        assert look.text == "error=Timer expired", look.text


def many():
    """10,000 connections, or as many as descriptors are allowed."""
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 10000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = 2 * count + 100
    if hard != resource.RLIM_INFINITY and hard < need:
        count = (hard - 100) // 2
        need = hard
    if soft < need:
        resource.setrlimit(resource.RLIMIT_NOFILE, (need, hard))
    pair = Pair()
    ends = [pair.both() for _ in range(count)]
    for client, server in ends:
        exchange(client, server)
    pair.until(settled, "-q", 300).check(count, 0)
    ties = sum(is_tie(server) for _, server in ends)
    report = [("%d idle connections, %d of them ties" % (count, ties),
               pair.look("-n", 21)),
              ("the same, long silent", pair.look("-q", 1, "-n", 21))]
    for client, _ in ends:
        client.sendall(b"GET")
    report.append(("all of them in flight", pair.look("-n", 21)))
    report.append(("the same, from /proc", pair.look("-n", 21, refused=True)))
    for name, look in report:
        print("# %s: %s %s" % (name, look.cost, look.text))
    report[2][1].check(count, count)
    # /proc shows some twice where others come and go.
    look = report[3][1]
    assert look.in_flight == look.connections >= count, look.text


signal.alarm(120)
globals()[sys.argv[3]]()
