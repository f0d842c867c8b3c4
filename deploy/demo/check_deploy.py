"""Checks the files of deploy/ that have a form of their own, and that they fit together."""

import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys

import compose_spec
import kubernetes_validate
import requests
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Interop/support"))
from gateway import PASSWORD, Gateway, wait_until

FOLDER = pathlib.Path(os.environ["INTEROP_FOLDER"])
PROGRAM = os.environ["PORTCULLIS"]
ENVIRONMENT = {
    **os.environ, "ADMIN_TOKEN": "an-admin-token-for-this-check-only", "REDIS_PASSWORD": "x", "DATABASE_PASSWORD": "x",
    "DEMO_USER": "alice", "DEMO_PASSWORD": PASSWORD}


def run(*command, **options):
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=60, env=ENVIRONMENT, **options)
    return done.returncode, done.stdout + done.stderr


def check_configurations():
    """Every example is one that `portcullis check` has nothing to say against, keys and accounts made as it says."""
    examples = sorted(ROOT.glob("deploy/examples/*/*.yaml"))
    examples = [path for path in examples if path.read_text().startswith(("# Portcullis beside", "# Portcullis takes"))]
    assert len(examples) >= 8, examples
    for path in examples:
        folder = FOLDER / "check"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        file = folder / "portcullis.yaml"
        file.write_text(path.read_text())
        if "\ntokens:" in path.read_text():
            assert run(PROGRAM, "keys", "generate", "--config", file)[0] == 0
            assert run(PROGRAM, "user", "add", "alice", "--config", file, input=PASSWORD + "\n")[0] == 0
        code, output = run(PROGRAM, "check", "--config", file)
        assert code == 0, (path, output)


def mounted(text, name):
    """A configuration with folders that only a container has, with those of this check."""
    folder = FOLDER / name
    folder.mkdir(mode=0o700)
    file = folder / "portcullis.yaml"
    for old in ("/var/lib/portcullis", "/var/run/secrets/portcullis-keys"):
        text = text.replace(old, str(folder / "data"))
    (folder / "data").mkdir(mode=0o700)
    # No database of several nodes is here.
    text = re.sub(r'(?s)credentials:\n  #[^\n]*\n  database: "postgres[^\n]*\n  password:[^\n]*',
                  f"credentials: {{database: {folder}/data/portcullis.sqlite}}", text)
    file.write_text(text)
    return folder / "data", file


def check_initialized():
    """The key and the account of docker-compose.yml are made once, and the gateway takes them."""
    data, file = mounted((ROOT / "deploy/compose/portcullis.yaml").read_text(), "compose")
    environment = {**ENVIRONMENT, "PORTCULLIS_DATA": str(data), "PORTCULLIS_CONFIGURATION": str(file)}
    for _ in range(2):
        done = subprocess.run(
            ["sh", ROOT / "deploy/compose/initialize.sh"], env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
    code, output = run(PROGRAM, "check", "--config", file)
    assert code == 0, output


def check_secret(names):
    """Keys as secret.yaml says are ones that the gateway takes; the ones written there are not."""
    data, file = mounted((ROOT / "deploy/kubernetes/portcullis.yaml").read_text(), "kubernetes")
    for name in names:
        (data / name).write_text("")
        (data / name).chmod(0o440)
    assert run(PROGRAM, "check", "--config", file)[0] == 78
    code, key = run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    assert code == 0, key
    for name in names:
        (data / name).chmod(0o600)
        (data / name).write_text(key if name == "current.pem" else secrets.token_hex(32) + "\n")
    assert run(PROGRAM, "user", "add", "alice", "--config", file, input=PASSWORD + "\n")[0] == 0
    code, output = run(PROGRAM, "check", "--config", file)
    assert code == 0, output


def check_compose():
    path = ROOT / "docker-compose.yml"
    # Extensions and merge keys are the YAML reader's business.
    document = yaml.safe_load(path.read_text())
    plain = {name: value for name, value in document.items() if not name.startswith("x-")}
    compose = compose_spec.PyCompose.from_yaml(yaml.safe_dump(plain))
    compose.validate()
    services = document["services"]
    assert set(compose.service_names()) == set(services)
    for name, service in services.items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            known = (ROOT / source).exists() if source.startswith("./") else source in document["volumes"]
            assert known, (name, volume)
        for other in service.get("depends_on", {}):
            assert other in services, (name, other)
    observing = {name for name, service in services.items() if service.get("profiles") == ["observability"]}
    assert observing == {"prometheus", "grafana"}, observing
    for name in ("gateway", "initialize", "demo"):
        assert services[name]["read_only"] and services[name]["cap_drop"] == ["ALL"], name
    redis = (ROOT / "deploy/redis/standalone.conf").read_text()
    assert "\nappendonly yes\n" in redis and "\nmaxmemory-policy noeviction\n" in redis
    # It would not validate what is no compose file.
    for change in ({"services": {"a": {"imagee": "x"}}}, {"services": {"a": {"image": "x", "ports": 3}}}):
        try:
            compose_spec.PyCompose.from_dict(change).validate()
        except Exception:
            continue
        raise AssertionError(f"{change} passes")
    check_initialized()


def check_kubernetes():
    folder = ROOT / "deploy/kubernetes"
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    found = []
    for name in kustomization["resources"]:
        for document in yaml.safe_load_all((folder / name).read_text()):
            kubernetes_validate.validate(document, "1.37", strict=True)
            found.append(document)
    for generator in kustomization["configMapGenerator"]:
        assert all((folder / name).exists() for name in generator["files"])
        found.append({"kind": "ConfigMap", "metadata": {"name": generator["name"]}})
    unused = {path.name for path in folder.iterdir()} - set(kustomization["resources"])
    assert unused == {"kustomization.yaml", "portcullis.yaml"}, unused
    names = {(document["kind"], document["metadata"]["name"]) for document in found}
    deployment = next(document for document in found if document["kind"] == "Deployment")
    pod = deployment["spec"]["template"]
    for volume in pod["spec"]["volumes"]:
        if "configMap" in volume:
            assert ("ConfigMap", volume["configMap"]["name"]) in names
        if "secret" in volume:
            assert ("Secret", volume["secret"]["secretName"]) in names
    container = pod["spec"]["containers"][0]
    secrets_of_pod = {document["metadata"]["name"]: document for document in found if document["kind"] == "Secret"}
    for variable in container["env"]:
        reference = variable["valueFrom"]["secretKeyRef"]
        assert reference["key"] in secrets_of_pod[reference["name"]]["stringData"], reference
    assert ("ServiceAccount", pod["spec"]["serviceAccountName"]) in names
    ports = {port["name"] for port in container["ports"]}
    probes = [container[name]["httpGet"]["port"] for name in ("startupProbe", "livenessProbe", "readinessProbe")]
    targets = [port["targetPort"] for document in found if document["kind"] == "Service"
               for port in document["spec"]["ports"]]
    assert ports >= set(probes + targets), (ports, probes, targets)
    labels = pod["metadata"]["labels"].items()
    for document in found:
        spec = document.get("spec", {})
        for selector in (spec.get("selector"), spec.get("podSelector")):
            if selector:
                assert selector.get("matchLabels", selector).items() <= labels, document
    check_secret(secrets_of_pod["portcullis-keys"]["stringData"])


def queries():
    dashboard = json.loads((ROOT / "deploy/grafana/portcullis.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for group in yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


def check_metrics():
    """Every metric and label value that dashboard and alerts ask for is one that a running gateway has."""
    with Gateway(sections=["revocation: {mode: mirror}"]) as gateway:
        token = requests.post(
            f"{gateway.url}/auth/login", json={"username": "alice", "password": PASSWORD}, timeout=10).json()
        for _ in range(3):
            requests.get(
                f"{gateway.url}/orders", headers={"Authorization": f"Bearer {token['access_token']}"}, timeout=10)
        requests.get(f"{gateway.url}/orders", timeout=10)
        text = requests.get(f"http://127.0.0.1:{gateway.admin_port}/metrics", timeout=10).text
    code, output = run("promtool", "check", "metrics", input=text)
    assert code == 0, output
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    names = set()
    for name, kind in kinds.items():
        names |= {f"{name}_bucket", f"{name}_sum", f"{name}_count"} if kind == "histogram" else {name}
    labels = {}
    for name, inside in re.findall(r"^(portcullis_\w+)\{(.*)\} \S+$", text, re.MULTILINE):
        labels.setdefault(name, set()).update(re.findall(r'(\w+)="', inside))
    asked = set()
    problems = []
    for where, query in queries():
        for name, inside in re.findall(r"(portcullis_\w+)(\{[^}]*\})?", query):
            asked.add(name)
            if name not in names:
                problems.append(f"{where}: there is no {name}")
            known = labels.get(name)
            wanted = set(re.findall(r"(\w+)\s*=~?\"", inside)) - {"instance"}
            if known is not None and not wanted <= known:
                problems.append(f"{where}: {name} has no label {wanted - known}")
        # The form, with Grafana's variables filled in.
        plain = query.replace("[$__rate_interval]", "[5m]").replace("$instance", ".*")
        rules = FOLDER / "query.yaml"
        rules.write_text(json.dumps({"groups": [{"name": "a", "rules": [{"record": "a", "expr": plain}]}]}))
        code, output = run("promtool", "check", "rules", rules)
        if code:
            problems.append(f"{where}: {output}")
    assert not problems, "\n".join(problems)
    assert len(asked) > 15, asked


def check_notification():
    """The service manager hears when the gateway listens, reloads and stops."""
    path = FOLDER / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(20)
        os.environ["NOTIFY_SOCKET"] = str(path)
        try:
            with Gateway() as gateway:
                assert manager.recv(100) == b"READY=1"
                gateway.gateway.send_signal(signal.SIGHUP)
                assert manager.recv(100).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
                assert manager.recv(100) == b"READY=1"
                gateway.gateway.terminate()
                assert manager.recv(100) == b"STOPPING=1"
                wait_until(lambda: gateway.gateway.poll() == 0, "the end")
        finally:
            del os.environ["NOTIFY_SOCKET"]


if __name__ == "__main__":
    for check in (check_configurations, check_compose, check_kubernetes, check_metrics, check_notification):
        check()
        print(f"{check.__name__}: well")
