#!/usr/bin/env python3
"""Clients of the ready port, good and bad: those are answered, these are got
rid of, and nobody waits for them."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import threading
import time

import tap

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
# The limits of src/ready/server.c, and what a busy machine may take.
LIFE = 10.0
SLACK = 15.0
PORT = None


class Service:
    """lastcall with a ready port, and a program that sleeps."""

    def __init__(self, *options):
        global PORT
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            PORT = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [tap.LASTCALL, "--ready-port", str(PORT), *options, "--",
             f"{tap.FIXTURES}/sigprint", "-x", "15"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        assert self.process.stdout.readline().startswith("READY")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Whatever the clients did, it has said nothing of them, and stops."""
        self.process.send_signal(signal.SIGTERM)
        said = self.process.communicate(timeout=SLACK)[1]
        assert self.process.returncode == 0
        assert "warning" not in said, said


def connect(family=socket.AF_INET):
    s = socket.socket(family)
    s.settimeout(LIFE + SLACK)
    s.connect(("::1" if family == socket.AF_INET6 else "127.0.0.1", PORT))
    return s


def read_all(s):
    """Everything up to the end of the stream."""
    said = b""
    while chunk := s.recv(4096):
        said += chunk
    return said


def is_yes(said, body=b"ready\n"):
    head, _, rest = said.partition(b"\r\n\r\n")
    return (head.startswith(b"HTTP/1.1 200 OK\r\n") and rest == body and
            b"\r\nConnection: close" in head and
            b"\r\nContent-Length: 6\r\n" in head)


def ask(request=REQUEST, **how):
    with connect(**how) as s:
        s.sendall(request)
        return read_all(s)


def seconds_to_end(s):
    start = time.monotonic()
    with contextlib.suppress(ConnectionResetError):
        assert read_all(s) == b""
    return time.monotonic() - start


@tap.case("every method is answered, in HTTP/1.0 and 1.1, HEAD without a body")
def methods():
    with Service():
        for method in ("GET", "OPTIONS", "POST", "PUT", "DELETE", "PROPFIND"):
            for version in ("1.0", "1.1"):
                said = ask(f"{method} /any?x=y HTTP/{version}\r\n\r\n".encode())
                assert is_yes(said), said
        said = ask(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert is_yes(said, body=b""), said


@tap.case("a client that wants to keep its connection opens another")
def libraries():
    with Service():
        c = http.client.HTTPConnection("127.0.0.1", PORT, timeout=SLACK)
        for body in (None, b"x" * 50000):
            for _ in range(3):
                c.request("POST" if body else "GET", "/health", body,
                          {"Connection": "keep-alive"})
                answer = c.getresponse()
                assert (answer.status, answer.read()) == (200, b"ready\n")


@tap.case("a request may come in pieces")
def pieces():
    with Service():
        for cut in range(1, len(REQUEST)):
            with connect() as s:
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                s.sendall(REQUEST[:cut])
                time.sleep(0.002)
                s.sendall(REQUEST[cut:])
                assert is_yes(read_all(s))


@tap.case("a client that has closed its side is answered")
def half_closed():
    with Service():
        with connect() as s:
            s.sendall(REQUEST)
            s.shutdown(socket.SHUT_WR)
            assert is_yes(read_all(s))


@tap.case("of pipelined requests the first is answered, without a reset")
def pipelined():
    with Service():
        for count in (2, 100):
            said = ask(REQUEST * count)
            assert is_yes(said), said


@tap.case("what is not HTTP is told so")
def garbage():
    with Service():
        tls = b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(160)
        for junk in (tls, b"\0" * 3000, b"SSH-2.0-x\r\n", b"GET /\r\n",
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", bytes(range(256))):
            said = ask(junk)
            assert said.startswith(b"HTTP/1.1 400 Bad Request\r\n"), said
        assert is_yes(ask())


@tap.case("a head without end is refused, and not read for ever")
def endless():
    with Service():
        for chunk in (b"a" * 4096, b"X: y\r\n" * 600, b"\r\n" * 2000):
            with connect() as s:
                sent = 0
                with contextlib.suppress(ConnectionError):
                    s.sendall(b"" if chunk[0] == 13 else b"GET / HTTP/1.1\r\n")
                    while sent < 1 << 28:
                        sent += s.send(chunk)
                assert sent < 1 << 28
        assert is_yes(ask())


@tap.case("a silent client is disconnected, and holds up nobody")
def silent():
    with Service():
        with connect() as s:
            assert is_yes(ask())
            waited = seconds_to_end(s)
            assert LIFE - 1 <= waited <= LIFE + SLACK, waited


@tap.case("a client that sends a byte now and then is disconnected")
def trickling():
    """A byte now and then buys no time."""
    with Service():
        start = time.monotonic()
        with connect() as s:
            with contextlib.suppress(ConnectionError):
                for byte in b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100:
                    s.sendall(bytes([byte]))
                    time.sleep(0.25)
            waited = time.monotonic() - start
            assert waited <= LIFE + SLACK, waited


@tap.case("a crowd of silent clients does not keep a check from its answer")
def crowd():
    """There are more than places: the oldest one goes."""
    with Service():
        silent_ones = []
        for _ in range(300):
            silent_ones.append(connect())
        assert is_yes(ask())
        assert seconds_to_end(silent_ones[0]) < LIFE - 1
        for s in silent_ones:
            s.close()
        assert is_yes(ask())


@tap.case("sixty clients at once are all answered")
def many_at_once():
    with Service():
        good = []
        threads = [threading.Thread(target=lambda: good.append(is_yes(ask())))
                   for _ in range(60)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert good == [True] * 60, good


@tap.case("clients that connect and leave, or reset, do no harm")
def gone_at_once():
    """A TCP check does that."""
    with Service():
        for _ in range(300):
            with connect() as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             b"\1\0\0\0\0\0\0\0")
        for _ in range(300):
            connect().close()
        assert is_yes(ask())


@tap.case("by default it listens on IPv4 and IPv6", "ipv6")
def both_families():
    with Service():
        assert is_yes(ask())
        assert is_yes(ask(family=socket.AF_INET6))


tap.main()
