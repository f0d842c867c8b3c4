"""The processes of the benchmark: which processor each has, what they used of it, and how much memory they hold."""
import os, re, shutil, subprocess, sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from lab import Lab, free_port, wait_for_port

HERE = Path(__file__).resolve().parent


class NotThere(Exception):
    """A system that cannot be measured here, and why."""


class Server:
    """What is measured: the port that is asked and the processes whose CPU time and memory count."""

    def __init__(self, port, *processes):
        self.port, self.processes = port, processes

    def identifiers(self):
        """The ids of the processes and of all their descendants."""
        children = {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    parent = int(Path(f"/proc/{name}/stat").read_text().rsplit(")", 1)[1].split()[1])
                except OSError:
                    continue
                children.setdefault(parent, []).append(int(name))
        found, waiting = [], [process.pid for process in self.processes]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            waiting += children.get(pid, [])
        return found

    def cpu_seconds(self):
        """CPU time of all of them so far."""
        return sum(map(cpu_seconds, self.identifiers()))

    def resident_mebibytes(self):
        return sum(map(resident_kibibytes, self.identifiers())) / 1024


def cpu_seconds(pid):
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_kibibytes(pid):
    # Memory that processes share (PostgreSQL's buffers) would count once for each, so it is shared out among them.
    try:
        return int(re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M).group(1))
    except (OSError, AttributeError):
        return 0


class Bench(Lab):
    """A lab whose servers have one processor for themselves; the load and the backend have another."""

    def __init__(self, options):
        super().__init__(options.gateway)
        self.options = options
        self.python, self.folders, self.kept = sys.executable, [], {}
        processors = sorted(os.sched_getaffinity(0))
        self.server_cpus, self.load_cpus = processors[-1:], processors[:-1] or processors
        self.all_cpus = processors

    def __exit__(self, *reason):
        super().__exit__(*reason)
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)

    def start(self, *argv, prefix=(), name=None, cwd=None, env=None):
        """As the lab's, with a folder and an environment."""
        log = open(self.folder / f"{name or Path(str(argv[0])).name}-{len(self.started)}.log", "wb")
        with log:
            process = subprocess.Popen([str(a) for a in (*prefix, *argv)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       cwd=cwd or self.folder, env=env, start_new_session=True)
        process.log = log.name
        self.started.append(process)
        return process

    def pin(self, cpus):
        return ("taskset", "-c", ",".join(map(str, cpus)))

    @property
    def server_pin(self):
        return self.pin(self.server_cpus)

    @property
    def load_pin(self):
        return self.pin(self.load_cpus)

    def serve(self, *argv, port, pin=None, name=None, **more):
        """Starts a server on the processor of servers and waits until it listens."""
        process = self.start(*argv, prefix=pin or self.server_pin, name=name, **more)
        process.port = port
        wait_for_port(port, process)
        return process

    def spawn_load(self, argv):
        """Starts a generator of load on the processor of the load; it dies with this program's group or by its caller."""
        return subprocess.Popen([*self.load_pin, *map(str, argv)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, cwd=self.folder)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    # The backend and Redis are shared by the rows of a section.

    def shared(self, name, make):
        """What `make` gives, made once."""
        if name not in self.kept:
            self.kept[name] = make()
        return self.kept[name]

    @property
    def backend_port(self):
        return self.shared("backend", self.start_backend)

    @property
    def redis_port(self):
        return self.shared("redis", lambda: self.start_redis(self.load_pin).port)

    def start_redis(self, pin, *arguments, port=None):
        port = port or free_port()
        folder = self.folder / f"redis-{port}"
        folder.mkdir()
        return self.serve("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                          "--dir", folder, *arguments, port=port, pin=pin, name="redis")

    def start_backend(self):
        """An nginx that answers 42 bytes, or /…/1KiB and /…/1MiB."""
        for name, size in (("1KiB", 1 << 10), ("1MiB", 1 << 20)):
            (self.folder / name).write_bytes(b"a" * size)
        locations = f"""
    location ~ /(1KiB|1MiB)$ {{ alias {self.folder}/$1; }}
    location / {{ default_type application/json; return 200 '{{"message":"hello from behind","n":1234567}}'; }}"""
        return start_nginx(self, "backend", locations, pin=self.load_pin).port


def start_nginx(bench, name, locations, http="", modules="", listen="", pin=None):
    port = free_port()
    # What leaves the folder of the lab's owner to the worker; without it nginx could not read the bodies.
    user = "user root; " if os.geteuid() == 0 else ""
    path = bench.write(f"{name}-{port}.conf", f"""
{modules}
{user}worker_processes 1; daemon off; pid {bench.folder}/{name}-{port}.pid; error_log {bench.folder}/{name}-{port}.err;
worker_rlimit_nofile 40000; events {{ worker_connections 18000; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 3600; client_max_body_size 16m; sendfile on;
  client_body_temp_path {bench.folder}/{name}-body; proxy_temp_path {bench.folder}/{name}-proxy;
  fastcgi_temp_path {bench.folder}/{name}-f; uwsgi_temp_path {bench.folder}/{name}-u; scgi_temp_path {bench.folder}/{name}-s;
  {http}
  server {{ listen 127.0.0.1:{port} backlog=4096{listen};{locations} }}
}}
""")
    return bench.serve("nginx", "-c", path, port=port, pin=pin, name=name)
