#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server of images for tests, on loopback: files of a folder over HTTP with ETags and ranges, in ways that servers and
networks have, and an OCI registry with tokens.

    image_server.py FOLDER LOG      prints its port; writes a line for each request to LOG

    /NAME                   a file of FOLDER
    /drop/N/NAME            the same, but the connection breaks after N bytes of each answer
    /stall/N/NAME           sends N bytes and then nothing more
    /slow/N/NAME            sends N bytes five times a second
    /moved/NAME             a redirect to /NAME;  /loop/ to itself;  /away/ to another scheme
    /status/CODE/NAME       that status
    /fresh/NAME             another ETag each time, no ranges
    /v2/REPOSITORY/...      FOLDER/registry/REPOSITORY: an OCI layout; a token from /token is asked for
    /open/v2/...            the same without a token
    /v2/private/...         FOLDER/registry/...: the token is for user "user" with the password "secret" alone; the first of
                            its two challenges is of a server that refuses everybody
    /v2/basic/...           the same without tokens: the password goes with each request
    /v2/gone/..., /v2/bad/  a mirror that has nothing; one that gives other bytes
"""
import base64
import http.server
import json
import os
import re
import sys
import threading
import urllib.parse

FOLDER, LOG = os.path.realpath(sys.argv[1]), sys.argv[2]
TOKEN, PRIVATE_TOKEN = "a-token-of-this-test", "a-token-of-the-user"
LOGIN = "Basic " + base64.b64encode(b"user:secret").decode()
lock = threading.Lock()
count = 0


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def note(self):
        with lock, open(LOG, "a", encoding="utf-8") as log:
            log.write(f"{self.command} {self.path} range={self.headers.get('Range', '-')}"
                      f" match={self.headers.get('If-None-Match', '-')}\n")

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_file(self, path, etag=None, ranges=True, stop_after=None, stall=False, at_once=None,
                  kind="application/octet-stream"):
        try:
            with open(path, "rb") as file:
                body = file.read()
        except OSError:
            self.answer(404, b"no such file\n")
            return
        status = os.stat(path)
        etag = etag or f'"{status.st_mtime_ns:x}-{status.st_size:x}"'
        if self.headers.get("If-None-Match") == etag:
            self.answer(304, b"", [("ETag", etag)])
            return
        code, headers = 200, [("ETag", etag), ("Content-Type", kind)]
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if found and ranges and self.headers.get("If-Range") in (None, etag):
            start = int(found[1])
            if start >= len(body):
                self.answer(416, b"", [("Content-Range", f"bytes */{len(body)}")])
                return
            headers.append(("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}"))
            code, body = 206, body[start:]
        self.send_response(code)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if stop_after is not None and len(body) > stop_after:
            self.wfile.write(body[:stop_after])
            self.wfile.flush()
            if stall:
                threading.Event().wait(60)
            self.close_connection = True
            return
        for at in range(0, len(body), at_once or len(body) or 1):
            self.wfile.write(body[at:at + (at_once or len(body))])
            if at_once:
                threading.Event().wait(0.2)

    def private(self, path):
        """Whether who asks may have it; if not, the answer is given."""
        said, host = self.headers.get("Authorization"), self.headers.get("Host")
        with lock, open(LOG, "a", encoding="utf-8") as log:
            log.write(f"authorization {path} {said}\n")
        if path.startswith("v2/basic/"):
            wanted, challenges = LOGIN, ['Basic realm="here"']
        else:
            wanted = f"Bearer {PRIVATE_TOKEN}"
            challenges = [f'Bearer realm="http://{host}/status/403/token",service="other"',
                          f'Bearer realm="http://{host}/token?of=user",service="test",scope="repository:x:pull"']
        if said != wanted:
            self.answer(401, b"{}", [("WWW-Authenticate", challenge) for challenge in challenges])
        return said == wanted

    def registry(self, path, needs_token):
        for word in ("private", "basic"):
            if path.startswith(f"v2/{word}/"):
                if not self.private(path):
                    return
                path, needs_token = path.replace(f"{word}/", "", 1), False
        if path.startswith("v2/gone/"):
            self.answer(404, b"{}")
            return
        if path.startswith("v2/bad/") and "/blobs/" in path:
            self.answer(200, b"other bytes")
            return
        if path.startswith("v2/bad/"):
            path, needs_token = path.replace("bad/", "", 1), False
        if needs_token and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            host = self.headers.get("Host")
            self.answer(401, b"{}", [
                ("WWW-Authenticate", 'Basic realm="somewhere else"'),
                ("WWW-Authenticate", f'Bearer realm="http://{host}/token",service="test",scope="repository:x:pull"')])
            return
        found = re.fullmatch(r"v2/(.+)/(manifests|blobs)/([^/]+)", path)
        if not found:
            self.answer(200 if path == "v2/" else 404, b"{}")
            return
        layout = os.path.join(FOLDER, "registry", found[1])
        name = found[3]
        kind = "application/octet-stream"
        if found[2] == "manifests":
            try:
                with open(os.path.join(layout, "index.json"), encoding="utf-8") as file:
                    index = json.load(file)
            except OSError:
                self.answer(404, b"{}")
                return
            for item in index["manifests"]:
                if item.get("annotations", {}).get("org.opencontainers.image.ref.name") == name:
                    name = item["digest"]
        blob = os.path.join(layout, "blobs", *name.split(":", 1))
        if found[2] == "manifests" and os.path.exists(blob):
            with open(blob, encoding="utf-8") as file:
                kind = json.load(file).get("mediaType", "application/vnd.oci.image.manifest.v1+json")
        self.send_file(blob, kind=kind)

    def do_GET(self):  # pylint: disable=invalid-name
        global count  # pylint: disable=global-statement
        self.note()
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path).lstrip("/")
        word, _, rest = path.partition("/")
        number, _, name = rest.partition("/")
        if word == "drop":
            self.send_file(os.path.join(FOLDER, name), stop_after=int(number))
        elif word == "stall":
            self.send_file(os.path.join(FOLDER, name), stop_after=int(number), stall=True)
        elif word == "slow":
            self.send_file(os.path.join(FOLDER, name), at_once=int(number))
        elif word == "moved":
            self.answer(302, b"", [("Location", "/" + rest)])
        elif word == "loop":
            self.answer(302, b"", [("Location", self.path)])
        elif word == "away":
            self.answer(302, b"", [("Location", "file:///etc/passwd")])
        elif word == "status":
            self.answer(int(number), b"as asked\n")
        elif word == "fresh":
            count += 1
            self.send_file(os.path.join(FOLDER, rest), etag=f'"{count}"', ranges=False)
        elif word == "token" and "of=user" in self.path:
            known = self.headers.get("Authorization") == LOGIN
            self.answer(200 if known else 401, json.dumps({"access_token": PRIVATE_TOKEN} if known else {}).encode())
        elif word == "token":
            self.answer(200, json.dumps({"token": TOKEN}).encode())
        elif word == "v2":
            self.registry(path, True)
        elif word == "open":
            self.registry(rest, False)
        else:
            self.send_file(os.path.join(FOLDER, path))

    do_HEAD = do_GET


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
