"""What workflow code must not call, and what it writes instead. The guards and the check at registration share it.

    "time.sleep" -> Rule(Kind.ACT, "`await workflow.sleep(...)`")

Names are those of the definition, dotted: `from time import sleep as nap` is still `time.sleep`.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Kind(Enum):
    """Who may make a call while workflow code runs, beside logging and its like."""

    ACT = "act"  # nobody: it blocks, or it changes the world
    READ = "read"  # libraries, which read their own settings and data


class Rule(NamedTuple):
    kind: Kind
    instead: str


_ACTIVITY = "do it in an activity"
_READ = Rule(Kind.READ, "read it in an activity, or pass what it says as an argument of the workflow")
_WRITE = Rule(Kind.ACT, _ACTIVITY)
_SLEEP = Rule(Kind.ACT, "write `await workflow.sleep(...)` or `await asyncio.sleep(...)`")
_THREAD = Rule(Kind.ACT, "write `asyncio.create_task(...)` for what runs at the same time, an activity for what blocks")
_SOCKET = Rule(Kind.ACT, "talk to other programs in an activity")
_PROGRAM = Rule(Kind.ACT, "run programs in an activity")
_INPUT = Rule(Kind.ACT, "ask people by signals, queries and updates")
ENVIRONMENT = Rule(
    Kind.READ,
    "read settings where the program starts, and pass them as arguments of the workflow or keep them by "
    "`workflow.side_effect`",
)

OPEN_TO_READ = _READ
OPEN_TO_WRITE = _WRITE

MODULE_FUNCTIONS: dict[str, Rule] = {  # module and name, where callers look them up
    "time.sleep": _SLEEP,
    "builtins.input": _INPUT,
    "os.system": _PROGRAM,
    "os.fork": _PROGRAM,
    "os.posix_spawn": _PROGRAM,
    "os.posix_spawnp": _PROGRAM,
    "os.listdir": _READ,
    "os.scandir": _READ,
    **{f"os.{name}": _WRITE for name in ("remove", "unlink", "rename", "replace", "mkdir", "rmdir", "symlink", "link")},
    **{f"os.{name}": _WRITE for name in ("truncate", "chmod", "putenv", "unsetenv", "kill", "mkfifo")},
    "socket.getaddrinfo": _SOCKET,
    "socket.gethostbyname": _SOCKET,
    "socket.gethostname": _SOCKET,
    "sqlite3.connect": Rule(Kind.ACT, "use databases in an activity"),
}

METHODS: dict[str, Rule] = {  # of classes written in Python
    "threading.Thread.start": _THREAD,
    "multiprocessing.process.BaseProcess.start": _PROGRAM,
    "concurrent.futures.thread.ThreadPoolExecutor.submit": _THREAD,
    "concurrent.futures.process.ProcessPoolExecutor.submit": _THREAD,
    "subprocess.Popen.__init__": _PROGRAM,
    "socket.socket.__init__": _SOCKET,
    "os._Environ.__getitem__": ENVIRONMENT,
}

LOOP_CALLS: dict[str, Rule] = {  # methods of event loops that a workflow's has not
    **dict.fromkeys(("run_in_executor", "set_default_executor"), _THREAD),
    **dict.fromkeys(("subprocess_exec", "subprocess_shell"), _PROGRAM),
    **dict.fromkeys(
        (
            *("create_connection", "create_server", "create_unix_connection", "create_unix_server"),
            *("create_datagram_endpoint", "start_tls", "sendfile", "getaddrinfo", "getnameinfo"),
            *("sock_recv", "sock_recv_into", "sock_sendall", "sock_connect", "sock_accept", "sock_sendfile"),
            *("add_reader", "add_writer", "connect_read_pipe", "connect_write_pipe"),
        ),
        _SOCKET,
    ),
    "add_signal_handler": Rule(Kind.ACT, "handle signals of the operating system where the program starts"),
    "run_forever": Rule(Kind.ACT, "let the worker run the loop"),
    "run_until_complete": Rule(Kind.ACT, "write `await`"),
}

READ_ONLY: dict[str, Rule] = {  # seen only where code is read: at run time it ends in one of the above
    "os.environ": ENVIRONMENT,
    "os.environb": ENVIRONMENT,
    "os.getenv": ENVIRONMENT,
    "os.getenvb": ENVIRONMENT,
    "builtins.open": _READ,
    "io.open": _READ,
    "os.open": _READ,
    "os.walk": _READ,
    "os.popen": _PROGRAM,
    **{f"subprocess.{name}": _PROGRAM for name in ("run", "call", "check_call", "check_output", "Popen", "getoutput")},
    **{f"shutil.{name}": _WRITE for name in ("copy", "copy2", "copyfile", "copytree", "move", "rmtree")},
    **{f"tempfile.{name}": _WRITE for name in ("mkstemp", "mkdtemp", "NamedTemporaryFile", "TemporaryDirectory")},
    **{f"glob.{name}": _READ for name in ("glob", "iglob")},
    "socket.socket": _SOCKET,
    "socket.create_connection": _SOCKET,
    "socket.create_server": _SOCKET,
    "threading.Timer": _THREAD,
    "threading.Thread": _THREAD,
    "multiprocessing.Process": _PROGRAM,
    "multiprocessing.Pool": _PROGRAM,
    "concurrent.futures.ThreadPoolExecutor": _THREAD,
    "concurrent.futures.ProcessPoolExecutor": _THREAD,
    "asyncio.to_thread": _THREAD,
    "asyncio.run": Rule(Kind.ACT, "write `await`: the workflow runs in an event loop already"),
    "asyncio.create_subprocess_exec": _PROGRAM,
    "asyncio.create_subprocess_shell": _PROGRAM,
    "asyncio.open_connection": _SOCKET,
    "asyncio.start_server": _SOCKET,
    "urllib.request.urlopen": _SOCKET,
    "urllib.request.urlretrieve": _SOCKET,
    **{
        f"{library}.{verb}": _SOCKET
        for library in ("requests", "httpx")
        for verb in ("get", "post", "put", "patch", "delete", "head", "options", "request")
    },
    "requests.Session": _SOCKET,
    "httpx.Client": _SOCKET,
    "httpx.AsyncClient": _SOCKET,
    "aiohttp.ClientSession": _SOCKET,
}

PATH_READS = frozenset({"read_text", "read_bytes", "iterdir", "glob", "rglob", "open"})
PATH_WRITES = frozenset({"write_text", "write_bytes", "unlink", "mkdir", "rmdir", "rename", "replace", "touch"})


def is_for_writing(mode: object) -> bool:
    """Whether a mode of `open` lets one change the file."""
    return isinstance(mode, str) and any(letter in mode for letter in "wax+")


def advice(name: str, rule: Rule) -> str:
    """What is said of a forbidden call, for the error and the warning alike."""
    return f"{name} in workflow code: {rule.instead}"
