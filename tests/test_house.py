"""The house keeps its promises to whoever installs it."""

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout, so what belongs to the project is not known")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared() -> list[str]:
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    return [re.split(r"[\[<>=!~ ]", line, maxsplit=1)[0] for group in groups for line in group]


def test_every_dependency_is_pinned_and_has_its_reason():
    pins = {line.partition("==")[0].lower() for line in (ROOT / "constraints.txt").read_text().splitlines()}
    reasons = (ROOT / "CONTRIBUTING.md").read_text()
    for name in declared():
        assert name.lower() in pins, f"{name} is not in constraints.txt: make lock"
        assert re.search(rf"\b{re.escape(name)}\b", reasons), f"{name} has no reason in CONTRIBUTING.md"


def imported(tree: ast.AST) -> set[str]:
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level]
    return {name.partition(".")[0] for name in names}


def test_whatever_is_imported_is_declared():
    """By name, not by the grace of what another dependency happens to bring along."""
    distributions = packages_distributions()
    all_declared = {normal(name) for name in declared()}
    # The first brings its sdk and its core; the second is a part of pydantic that has a name of its own.
    brought = {"airflow": "apache-airflow", "pydantic_core": "pydantic"}
    found = {}
    for path in [*(ROOT / "plugins").rglob("*.py"), *(ROOT / "dags").glob("*.py")]:
        for name in imported(ast.parse(path.read_text())) - sys.stdlib_module_names - {"loopwright"}:
            found.setdefault(name, path.relative_to(ROOT))
    assert {"click", "mlflow", "cloudpickle", "croniter"} <= set(found)
    for name, path in found.items():
        known = {normal(brought[name])} if name in brought else {normal(d) for d in distributions.get(name, [name])}
        assert known & all_declared, f"{path} imports {name}, which pyproject.toml does not declare"


def test_constraints_hold_pins_and_no_addresses():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert all(line.startswith("#") or re.fullmatch(r"[\w.\-]+(\[[\w,]+\])?==[\w.+!]+( ;.*)?", line) for line in lines)


def test_entry_points_resolve():
    own = distribution("loopwright").entry_points
    assert {point.group for point in own} == {"console_scripts", "airflow.plugins", "apache_airflow_provider"}
    assert all(point.load() for point in own)


def test_the_wheel_holds_package_dags_and_migrations(tmp_path):
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    names = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    package = {
        f"loopwright/{path.relative_to(ROOT / 'plugins/loopwright')}"
        for path in tracked()
        if "plugins/loopwright" in str(path)
    }
    dags = {f"loopwright/dags/{path.name}" for path in (ROOT / "dags").glob("*.py")}
    assert package <= names
    assert len(dags) >= 6
    assert dags <= names
    assert not [name for name in names if name.startswith(("tests", "include", "demo"))]


def test_airflow_does_not_execute_the_package_as_plugins():
    patterns = [line for line in (ROOT / "plugins/.airflowignore").read_text().splitlines() if not line.startswith("#")]
    assert patterns == ["loopwright"]


def test_no_default_password_in_the_compose_file():
    text = (ROOT / "docker-compose.yaml").read_text()
    services = yaml.safe_load(text)["services"]
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in published)
    assert not re.search(r"(?i)(password|secret)[A-Z_]*:\s*['\"]?(?!\$\{|/)\w", text)


def test_the_project_names_no_machine_and_no_index():
    machine = re.compile(r"/(?:work|root|home/\w+)/|/tmp/[a-z]|py" + r"pi\.org|python" + r"hosted")
    for path in tracked():
        if path.suffix in {".py", ".md", ".yaml", ".toml", ".txt", ".json", ""} and path.is_file():
            found = machine.search(path.read_text(errors="replace"))
            assert not found, f"{path.relative_to(ROOT)}: {found}"


@pytest.mark.parametrize(
    "module", ["loopwright", "loopwright.declaration", "loopwright.ledger.store", "loopwright.verdict"]
)
def test_the_ground_and_the_ledger_import_nothing_heavy(module):
    code = f"import {module}, sys; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert not loaded & {
        "airflow",
        "pandas",
        "numpy",
        "sklearn",
        "mlflow",
        "great_expectations",
        "evidently",
        "pyarrow",
    }
