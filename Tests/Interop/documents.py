"""Runs what README.md, docs/MIGRATION.md and docs/COOKBOOK.md show.

Every fenced block there has a comment directly above it that says how it is run; one without fails. The comments, several of
which may stand above each other:

    <!-- file: NAME -->      its text is written into the folder of the section
    <!-- check -->           a whole configuration: written as portcullis.yaml, and `portcullis check` has nothing to say
    <!-- run -->             run by bash in that folder; variables last until the section ends
    <!-- start: PORT -->     the same in the background, until the section ends; the port must be listened at
    <!-- input: TEXT -->     what the block reads from standard input
    <!-- expect: TEXT -->    what a run must print; several in the order in which they must come
    <!-- not run: WHY -->    not run; the targets of make in it must exist

A section (below a heading of the second level) has a folder, a Redis at port 6379, and a backend at port 9000 unless it starts
one itself. `<!-- with: NAME -->` in a section asks for more: see SURROUNDINGS. All ports are replaced by free ones.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Interop/support"))
sys.path.insert(0, str(ROOT / "Tests/Interop"))
import surroundings
from gateway import Backend, free_port, wait_until, with_ports

DOCUMENTS = ("README.md", "docs/MIGRATION.md", "docs/COOKBOOK.md")
MARK = re.compile(r"^<!-- (file|check|run|start|input|expect|not run)(?:: (.*?))? -->$")
ROLES = ("file", "check", "run", "start", "not run")
PORTS = (8080, 9090, 6379, 6380, 9000, 8443, 5432)


class Block:
    def __init__(self, place, marks, text):
        self.place, self.text = place, text
        self.expected = [value for name, value in marks if name == "expect"]
        self.input = "".join(value + "\n" for name, value in marks if name == "input")
        roles = [(name, value) for name, value in marks if name in ROLES]
        assert len(roles) == 1, f"{place}: wants one comment above it that says how it is run"
        self.role, self.value = roles[0]
        assert self.value or self.role in ("check", "run"), f"{place}: {self.role} says nothing"


def sections(document):
    """The headings, each with its blocks and what it asks for."""
    found, marks, fence = [("", [], set())], [], None
    for number, line in enumerate((ROOT / document).read_text().splitlines(), 1):
        if fence is not None:
            if line == "```":
                found[-1][1].append(Block(f"{document}:{start}", marks, "\n".join(text) + "\n"))
                fence, marks = None, []
            else:
                text.append(line)
        elif line.lstrip().startswith(("```", "~~~")):
            fence, start, text = line, number, []
        elif MARK.match(line):
            marks.append(MARK.match(line).groups())
        else:
            assert not marks, f"{document}:{number}: a comment that says how a block is run, and no block below it"
            if line.startswith("## "):
                found.append((line[3:], [], set()))
            elif line.startswith("<!-- with: "):
                found[-1][2].update(line[len("<!-- with: "):-len(" -->")].split(", "))
    assert fence is None, f"{document}: a block does not end"
    return found


class Section:
    """Runs the blocks of one section."""

    def __init__(self, folder, blocks, wanted):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700, parents=True)
        self.folder, self.blocks, self.processes = folder, blocks, []
        self.ports = {port: free_port() for port in PORTS}
        self.replacing = {}
        (folder / "bin").mkdir()
        (folder / "bin/portcullis").symlink_to(os.environ["PORTCULLIS"])
        (folder / "work").mkdir(mode=0o700)
        programs = [str(folder / "bin"), str(pathlib.Path(sys.executable).parent), os.environ["PATH"], "/usr/sbin"]
        self.environment = {**os.environ, "PATH": ":".join(programs), "no_proxy": "*", "NO_PROXY": "*"}
        self.backend = None
        if not any(block.role == "start" and block.value == "9000" for block in blocks):
            self.backend = Backend()
            self.ports[9000] = self.backend.server_port
        self.ends = [surroundings.SURROUNDINGS[name](self) for name in sorted(wanted)]

    def start(self, log, *command, **options):
        with open(self.folder / log, "ab") as output:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=self.environment,
                **{"cwd": self.folder / "work", **options})
        self.processes.append(process)
        return process

    def end(self):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for end in self.ends:
            if end:
                end()
        if self.backend:
            self.backend.shutdown()

    def listens(self, port, process):
        def connected():
            assert process.poll() is None, (self.folder / "started.log").read_text()[-3000:]
            surroundings.connect(port)
            return True
        wait_until(connected, f"port {port}")

    def run(self):
        redis = self.start(
            "redis.log", "redis-server", "--bind", "127.0.0.1", "--port", str(self.ports[6379]), "--dir", str(self.folder),
            "--appendonly", "yes", "--save", "")
        self.listens(self.ports[6379], redis)
        for block in self.blocks:
            text = with_ports(block.text, self.ports)
            for old, new in self.replacing.items():
                text = text.replace(old, new)
            if text.startswith("version: 1\n"):
                text = self.with_listeners(text)
            self.ways[block.role](block, text)

    def with_listeners(self, text):
        """A configuration with listeners at free ports in the place of those that it leaves to their defaults."""
        if "\nlisteners:\n" not in text:
            text = text.replace("\n", f'\nlisteners:\n  public: {{address: "127.0.0.1:{self.ports[8080]}"}}\n', 1)
        if "  admin:" not in text:
            text = text.replace("listeners:\n", f'listeners:\n  admin: {{address: "127.0.0.1:{self.ports[9090]}"}}\n', 1)
        return text

    @property
    def ways(self):
        return {"file": self.file, "check": self.check, "run": self.run_block, "start": self.start_block, "not run": self.not_run}

    def file(self, block, text):
        path = self.folder / "work" / block.value
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def check(self, block, text):
        """As somebody would who has made the keys, the account and the variables that it names."""
        (self.folder / "work/portcullis.yaml").write_text(text)
        for name in re.findall(r"(?<!\$)\$\{([A-Z_]+)\}", text):
            assert name in self.environment, f"{block.place}: {name} is not set"
        config = ("--config", "portcullis.yaml")
        if "key_directory" in text and not (self.folder / "work/keys").exists():
            self.command(block, "portcullis", "keys", "generate", *config)
        if ".sqlite" in text and not list((self.folder / "work").glob("*.sqlite")):
            self.command(block, "portcullis", "user", "add", "somebody", *config, input="correct horse battery\n")
        self.command(block, "portcullis", "check", *config)

    def command(self, block, *command, input=""):
        done = subprocess.run(
            command, input=input, capture_output=True, text=True, timeout=60, env=self.environment, cwd=self.folder / "work")
        assert done.returncode == 0, f"{block.place}: {command} ended with {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def run_block(self, block, text):
        state = self.folder / "state"
        script = f"set -euo pipefail\n[[ ! -e {state} ]] || . {state}\ntrap 'export -p >{state}' EXIT\nset -a\n{text}"
        output = self.command(block, "bash", "-c", script, input=block.input)
        position = 0
        for expected in block.expected:
            for old, new in self.replacing.items():
                expected = expected.replace(old, new)
            position = output.find(with_ports(expected, self.ports), position)
            assert position >= 0, f"{block.place}: no {expected!r} in {output!r}; {self.logs()}"
            position += 1

    def start_block(self, block, text):
        state = self.folder / "state"
        script = f"[[ ! -e {state} ]] || . {state}\nexec {text}"
        port = self.ports[int(block.value)]
        self.listens(port, self.start("started.log", "bash", "-c", script))

    def logs(self):
        log = self.folder / "started.log"
        return log.read_text()[-2000:] if log.exists() else "nothing was started"

    def not_run(self, block, text):
        targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
        for target in re.findall(r"\bmake ([a-z-]+)", text):
            assert target in targets, f"{block.place}: there is no target {target}"
        NOT_RUN.append(f"{block.place}: {block.value}")


NOT_RUN = []


def main():
    folder = pathlib.Path(os.environ["INTEROP_FOLDER"])
    wanted = sys.argv[1:]
    count = 0
    for document in DOCUMENTS:
        for number, (heading, blocks, surroundings_wanted) in enumerate(sections(document)):
            if not blocks or wanted and not any(word in f"{document} {heading}" for word in wanted):
                continue
            section = Section(folder / f"{pathlib.Path(document).stem.lower()}-{number}", blocks, surroundings_wanted)
            try:
                section.run()
            finally:
                section.end()
            count += len(blocks)
    assert wanted or count > 20, count
    for line in NOT_RUN:
        print(f"  not run: {line}")
    print(f"  {count - len(NOT_RUN)} blocks of {', '.join(DOCUMENTS)} do what they say")


if __name__ == "__main__":
    main()
