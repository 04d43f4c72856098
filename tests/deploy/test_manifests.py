"""The files under deploy/: valid for Kubernetes where its schemas are installed, and about this very program."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from cotam import __version__
from cotam.cli.program import program
from cotam.serving.engines.ray_serve import Options

DEPLOY = Path(__file__).parents[2] / "deploy"
FILES = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
ROUTES = {"/healthz", "/readyz", "/metrics"}


def objects(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text()))


def pods(value: Any) -> list[dict[str, Any]]:
    """Every pod that an object describes."""
    if isinstance(value, list):
        return [pod for item in value for pod in pods(item)]
    if not isinstance(value, dict):
        return []
    own = [value] if "containers" in value else []
    return own + [pod for item in value.values() for pod in pods(item)]


EVERY = [(path.name, one) for path in FILES for one in objects(path)]


@pytest.mark.parametrize(("file", "one"), EVERY, ids=[f"{name}-{one['kind']}" for name, one in EVERY])
def test_every_object_keeps_to_the_schema_of_kubernetes(file: str, one: dict[str, Any]) -> None:
    schemas = pytest.importorskip("kubernetes_validate", reason="pip install kubernetes-validate")
    if one["apiVersion"].startswith("ray.io/"):
        pod = [
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": spec} for spec in pods(one)
        ]
        for found in pod:
            schemas.validate(found, schemas.latest_version(), strict=True)
    else:
        schemas.validate(one, schemas.latest_version(), strict=True)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_services_and_scalers_find_their_pods(path: Path) -> None:
    found = objects(path)
    labels = [o["spec"]["template"]["metadata"]["labels"] for o in found if o["kind"] == "Deployment"]
    names = [o["metadata"]["name"] for o in found if o["kind"] == "Deployment"]
    ports = {p["name"] for pod in pods(found) for c in pod["containers"] for p in c.get("ports", ())}
    for one in found:
        if one["kind"] == "Service":
            assert one["spec"]["selector"] in labels
            assert {port["targetPort"] for port in one["spec"]["ports"]} <= ports
        if one["kind"] == "HorizontalPodAutoscaler":
            assert one["spec"]["scaleTargetRef"]["name"] in names
    for pod in pods(found):
        volumes = {volume["name"] for volume in pod.get("volumes", ())}
        for container in pod["containers"]:
            assert {mount["name"] for mount in container.get("volumeMounts", ())} <= volumes


def test_what_only_one_pod_can_have_is_given_back_before_the_next_pod_wants_it() -> None:
    claims = {o["metadata"]["name"]: o["spec"] for _, o in EVERY if o["kind"] == "PersistentVolumeClaim"}
    single = {name for name, spec in claims.items() if spec["accessModes"] == ["ReadWriteOnce"]}
    for _, one in EVERY:
        volumes = [volume for pod in pods(one) for volume in pod.get("volumes", ())]
        mounted = {v["persistentVolumeClaim"]["claimName"] for v in volumes if "persistentVolumeClaim" in v}
        if one["kind"] == "Deployment" and mounted & single:
            assert one["spec"]["strategy"] == {"type": "Recreate"}
            assert one["spec"]["replicas"] == 1


def test_the_options_and_routes_in_the_manifests_are_those_of_the_server() -> None:
    command = get_command(program).commands["serve"]  # type: ignore[attr-defined]
    known = {name for parameter in command.params for name in parameter.opts}
    containers = [c for _, one in EVERY for pod in pods(one) for c in pod["containers"]]
    own = [container for container in containers if container["image"].startswith("cotam:")]
    assert len(own) == 2
    for container in own:
        assert container["image"] == f"cotam:{__version__}"
        assert {word for word in container["args"] if word.startswith("--")} <= known
        probes = [
            container[name]["httpGet"]["path"] for name in ("startupProbe", "readinessProbe", "livenessProbe")
        ]
        assert set(probes) <= ROUTES


def test_the_configurations_of_ray_serve_name_a_function_and_its_options() -> None:
    (service,) = [one for _, one in EVERY if one["kind"] == "RayService"]
    inside = yaml.safe_load(service["spec"]["serveConfigV2"])
    outside = yaml.safe_load((DEPLOY / "ray-serve.yaml").read_text())
    for config in (inside, outside):
        (application,) = config["applications"]
        assert application["import_path"] == "cotam.serving.engines.ray_serve:build"
        Options(**application["args"])


def test_ray_serve_takes_its_configuration() -> None:
    schema = pytest.importorskip("ray.serve.schema", reason="Ray is not installed: pip install 'cotam[ray]'")
    schema.ServeDeploySchema(**yaml.safe_load((DEPLOY / "ray-serve.yaml").read_text()))
