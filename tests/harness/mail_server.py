"""A mail server that keeps what it is told, and can misbehave."""

import socket
import threading

from harness.wait import eventually

GREETING = b"220 mail.test ESMTP\r\n"


class MailServer:
    """Answers on port `port` of a node. `replies` maps a command's first word (or "GREETING", "BODY")
    to what is sent instead of the usual; a callable gets the connection and does as it likes."""

    def __init__(self, node, port=25, replies=None, address="127.0.0.1"):
        self.replies = dict(replies or {})
        self.conversations = []   # one list of lines (or messages) as they came, for each connection
        self.messages = []        # each the octets between DATA and the lonely dot
        self.connections = 0
        self._open = []
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = node.socket(family, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((address, port))
        self._listener.listen(64)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _reply(self, connection, word, usual):
        wanted = self.replies.get(word, usual)
        if callable(wanted):
            return wanted(connection)
        connection.sendall(wanted)
        return True

    def _converse(self, connection):
        heard = []
        self.conversations.append(heard)
        try:
            lines = connection.makefile("rb")
            if self._reply(connection, "GREETING", GREETING) is False:
                return
            while line := lines.readline():
                heard.append(line)
                word = line.split()[0].upper().decode() if line.split() else ""
                usual = {"DATA": b"354 go on\r\n", "QUIT": b"221 bye\r\n"}.get(word, b"250 OK\r\n")
                if self._reply(connection, word, usual) is False or word == "QUIT":
                    return
                if word == "DATA" and self.replies.get("DATA", b"354").startswith(b"354"):
                    message = []
                    while (line := lines.readline()) not in (b".\r\n", b""):
                        message.append(line)
                    heard.append(b"".join(message) + line)
                    self.messages.append(b"".join(message))
                    if self._reply(connection, "BODY", b"250 queued\r\n") is False:
                        return
        except OSError:
            pass
        finally:
            connection.close()

    def subjects(self):
        return [line.removeprefix(b"Subject: ").decode() for message in list(self.messages)
                for line in message.split(b"\r\n") if line.startswith(b"Subject: ")]

    def wait_subjects(self, *subjects):
        eventually(f"mails {subjects}, not {self.subjects()}",
                   lambda: self.subjects() == list(subjects))

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            connection.close()
