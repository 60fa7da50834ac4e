"""The files by which an operator runs a relay and watches over it: they name what there is."""

import ast
import configparser
import inspect
import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from quiet_loop import run
from relay_people import KEY
from turn_server import make_certificate
from typer.testing import CliRunner

from presence.cli import app
from presence.relay.admission import public_text
from presence.relay.command import relay_command
from presence.relay.metrics import CLUSTER_GAUGES
from presence.relay.server import relaying
from presence.relay.settings import RelaySettings

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
OURS = re.compile(r"\b(?:presence_relay|process)_\w+")


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The names of all samples that a relay tells, and of what they are samples."""
    shown, key = make_certificate(tmp_path_factory.mktemp("certificate"), "127.0.0.1")
    settings = RelaySettings(
        (KEY.public_key(),),
        "127.0.0.1",
        0,
        metrics=("127.0.0.1", 0),
        certificate=shown,
        key=key,
    )
    found = {}

    async def go():
        async with relaying(settings) as relay:
            async with httpx.AsyncClient(trust_env=False) as client:
                page = await client.get(f"http://127.0.0.1:{relay.metrics_port}/metrics")
            for family in text_string_to_metric_families(page.text):
                found[family.name] = {sample.name for sample in family.samples}
                assert found[family.name], f"{family.name} tells nothing before something happens"

    run(go)
    return found


def samples(told):
    return set().union(*told.values())


def queries_of_dashboard():
    board = json.loads((DEPLOY / "grafana-relay.json").read_text())
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield target["expr"]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]


def rules():
    groups = yaml.safe_load((DEPLOY / "prometheus-rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_every_query_of_the_dashboard_names_what_a_relay_tells(told):
    queries = list(queries_of_dashboard())
    assert len(queries) >= 20
    for query in queries:
        named = set(OURS.findall(query))
        assert named, query
        assert named <= samples(told), query


def test_every_rule_names_what_a_relay_tells(told):
    for rule in rules():
        named = set(OURS.findall(rule["expr"]))
        assert named <= samples(told), rule
        assert named or rule["expr"].startswith("up{"), rule
        if "alert" in rule:
            assert rule["annotations"]["summary"]
            assert rule["labels"]["severity"] in ("page", "ticket")


def test_what_a_query_asks_of_labels_is_told(told):
    """Every label that a query names or groups by is one that its metrics have."""
    known = {"instance", "job", "le"} | {"worker", "priority", "outcome", "reason", "severity"}
    for query in (*queries_of_dashboard(), *(rule["expr"] for rule in rules())):
        grouped = re.findall(r"(?:by|without) \(([^)]*)\)", query)
        named = {label.strip() for labels in grouped for label in labels.split(",")}
        named |= set(re.findall(r"[{,](\w+)=", query))
        assert named <= known, query


def test_every_metric_is_in_the_docs_and_none_that_is_not(told):
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`(presence_relay_\w+)", text))
    # As they are scraped: counters end in _total, histograms have no ending of their own.
    there = {
        name + "_total" if f"{name}_total" in names else name
        for name, names in told.items()
        if name.startswith("presence_relay_")
    }
    there = {"presence_relay_build_info" if n == "presence_relay_build" else n for n in there}
    assert documented == there | {f"presence_relay_{name}" for name in CLUSTER_GAUGES}


def sentences():
    """Every string of the relay's code, with … where something is put in."""
    files = [*(ROOT / "presence" / "relay").glob("*.py")]
    files += [ROOT / "presence" / "transport" / name for name in ("listening.py", "tls.py")]
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.JoinedStr(values=parts):
                    yield "".join(p.value if isinstance(p, ast.Constant) else "…" for p in parts)
                case ast.Constant(value=str() as text):
                    yield text


def test_every_sentence_that_the_docs_explain_is_said():
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    table = text[text.index("## When it says") :]
    explained = re.findall(r"^\| [^`|]*`([^`]+)`[^|]*\|", table, re.MULTILINE)
    explained = [sentence for sentence in explained if not sentence.startswith("/")]
    assert len(explained) >= 10
    said = list(sentences())
    for sentence in explained:
        assert any(sentence in one for one in said), sentence


def test_the_configuration_that_ships_is_one(monkeypatch):
    said = tomllib.loads((DEPLOY / "relay.toml").read_text(encoding="utf-8"))
    known = set(inspect.signature(relay_command).parameters)
    assert {name.replace("-", "_") for name in said} <= known
    # With the host's key where it says so, a relay would run.
    ran = []
    monkeypatch.setattr("presence.relay.logs.set_up_logging", lambda settings: None)
    monkeypatch.setattr("presence.relay.server.run_relay", lambda s, announce: ran.append(s))
    arguments = ["relay", "--config", str(DEPLOY / "relay.toml"), "--host-key", public_text(KEY)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert ran[0].metrics == ("127.0.0.1", 9441)
    assert ran[0].drain_s < unit_seconds("TimeoutStopSec")


def unit():
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read_string((DEPLOY / "presence-relay.service").read_text())
    return parser


def unit_seconds(name):
    return float(unit()["Service"][name])


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze")
def test_systemd_understands_the_unit_and_finds_it_well_shut(tmp_path):
    text = (DEPLOY / "presence-relay.service").read_text()
    command = unit()["Service"]["ExecStart"].split()[0]
    there = tmp_path / "presence-relay.service"
    there.write_text(text.replace(command, "/bin/true"))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", there],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (verified.returncode, verified.stderr.strip()) == (0, "")
    # 10 is open, 0 is shut; what is over 2.5 would be somebody's mistake.
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=25", there],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert judged.returncode == 0, judged.stdout[-500:]


def instructions():
    """Of the Containerfile, each with what follows it, on one line."""
    text = (DEPLOY / "Containerfile").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for line in " \n".join(lines).replace("\\ \n", " ").splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            yield word, rest.strip()


def test_the_container_is_made_of_what_is_there_and_runs_a_relay():
    known = {
        *("FROM", "WORKDIR", "COPY", "RUN", "USER", "ENV", "EXPOSE", "STOPSIGNAL"),
        *("HEALTHCHECK", "ENTRYPOINT", "CMD"),
    }
    found = list(instructions())
    assert {word for word, _ in found} <= known
    copied = [rest for word, rest in found if word == "COPY"]
    for rest in copied:
        if not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
    last = dict(found)
    assert json.loads(last["ENTRYPOINT"])[1:] == ["relay"]
    options = json.loads(last["CMD"])
    assert options[0][2:] in inspect.signature(relay_command).parameters
    assert last["USER"] != "root"


def test_the_lock_of_the_container_holds_what_a_relay_needs():
    """By name those of base install and extra; what they need was resolved with them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["relay"]
    lock = (ROOT / "requirements" / "relay.txt").read_text()
    locked = set(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE))
    assert {re.match(r"[\w.-]+", one)[0] for one in wanted} <= locked
    assert "numpy" not in locked
