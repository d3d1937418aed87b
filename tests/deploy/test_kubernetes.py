"""The manifests, judged without a cluster: by the schemas of Kubernetes, and by what has to fit together."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import kubernetes_validate
import pytest
import yaml

from schemas.settings import Settings

ROOT: Final = Path(__file__).parents[2] / "deploy" / "kubernetes"
BASE: Final = sorted(path.name for path in (ROOT / "base").glob("*.yaml") if path.name != "kustomization.yaml")
OVERLAYS: Final = ("small", "production")
Manifest = dict[str, Any]


def manifests(path: Path) -> list[Manifest]:
    return list(yaml.safe_load_all(path.read_text()))


def kustomization(folder: str) -> Manifest:
    [found] = manifests(ROOT / folder / "kustomization.yaml")
    return dict(found)


def base(kind: str, name: str) -> Manifest:
    found = [one for file in BASE for one in manifests(ROOT / "base" / file)]
    [wanted] = [one for one in found if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return wanted


def pod(kind: str, name: str) -> Manifest:
    return dict(base(kind, name)["spec"]["template"]["spec"])


def literals(folder: str) -> list[str]:
    """What the pods are told, ``NAME=value``."""
    maps = kustomization(folder).get("configMapGenerator", [])
    return [each for one in maps for each in one.get("literals", [])]


PODS: Final = pytest.mark.parametrize(("kind", "name"), [("StatefulSet", "worker"), ("Deployment", "sink")])


@pytest.mark.parametrize("file", BASE)
def test_a_manifest_is_what_kubernetes_takes(file: str) -> None:
    for manifest in manifests(ROOT / "base" / file):
        kubernetes_validate.validate(manifest, "1.37", strict=True)


@pytest.mark.parametrize("folder", ["base", *(f"overlays/{name}" for name in OVERLAYS)])
def test_what_is_put_together_is_there(folder: str) -> None:
    parts = kustomization(folder)["resources"]
    assert all((ROOT / folder / part).exists() for part in parts)
    files = {path.name for path in (ROOT / folder).glob("*.yaml")} - {"kustomization.yaml"}
    assert files == {part for part in parts if part.endswith(".yaml")}
    images = {image["name"] for image in kustomization(folder).get("images", [])}
    assert images == ({"salespulse"} if folder != "base" else set())


@PODS
def test_a_pod_runs_as_nobody_in_particular_and_is_probed(kind: str, name: str) -> None:
    spec = pod(kind, name)
    [container] = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] and not spec["automountServiceAccountToken"]
    secured = container["securityContext"]
    assert (secured["allowPrivilegeEscalation"], secured["readOnlyRootFilesystem"]) == (False, True)
    ports = {port["name"] for port in container["ports"]}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["port"] in ports
    assert container["image"] == "salespulse"


@PODS
def test_every_volume_is_mounted_and_every_mount_is_of_a_volume(kind: str, name: str) -> None:
    spec = pod(kind, name)
    claimed = [one["metadata"]["name"] for one in base(kind, name)["spec"].get("volumeClaimTemplates", [])]
    mounted = {mount["name"] for mount in spec["containers"][0]["volumeMounts"]}
    assert mounted == {volume["name"] for volume in spec["volumes"]} | set(claimed)
    made = {one["name"] for one in kustomization("base")["configMapGenerator"]}
    assert {one["configMap"]["name"] for one in spec["volumes"] if "configMap" in one} <= made
    assert {one["configMapRef"]["name"] for one in spec["containers"][0]["envFrom"]} <= made


def test_topics_are_made_before_a_worker_starts_by_the_same_settings() -> None:
    [made], [worker] = pod("StatefulSet", "worker")["initContainers"], pod("StatefulSet", "worker")["containers"]
    assert made["args"] == ["topics", "create"]
    assert all(made[name] == worker[name] for name in ("image", "envFrom", "securityContext"))
    assert {mount["name"] for mount in worker["volumeMounts"]} - {m["name"] for m in made["volumeMounts"]} == {"state"}


def test_a_worker_comes_back_to_its_own_volume() -> None:
    spec = base("StatefulSet", "worker")["spec"]
    assert spec["serviceName"] == base("Service", "worker")["metadata"]["name"]
    assert [one["metadata"]["name"] for one in spec["volumeClaimTemplates"]] == ["state"]
    budget = base("PodDisruptionBudget", "worker")["spec"]
    assert budget["selector"] == spec["selector"] and budget["maxUnavailable"] == 1


@pytest.mark.parametrize("folder", ["base", "overlays/production"])
def test_the_pods_are_told_by_settings_that_there_are(folder: str) -> None:
    known = {f"SALESPULSE_{name.upper()}" for name in Settings.model_fields}
    told = [each.split("=")[0] for each in literals(folder)]
    assert told and set(told) <= known


@pytest.mark.parametrize("folder", OVERLAYS)
def test_secrets_are_files_where_the_settings_look_for_them(folder: str) -> None:
    told = dict(each.split("=", 1) for name in ("base", f"overlays/{folder}") for each in literals(name))
    for kind, name in PODS.args[1]:
        [mount] = [one for one in pod(kind, name)["containers"][0]["volumeMounts"] if one["name"] == "secrets"]
        assert (mount["mountPath"], mount["readOnly"]) == (told["SALESPULSE_SECRETS_DIR"], True)
        assert "env" not in pod(kind, name)["containers"][0]
    settings = {f"salespulse_{name}" for name in Settings.model_fields}
    [scaling, keys] = manifests(ROOT / "overlays/production/scaling.yaml")
    used = {one["key"] for one in keys["spec"]["secretTargetRef"] if one["name"] == "salespulse"}
    assert scaling["spec"]["triggers"][0]["authenticationRef"]["name"] == keys["metadata"]["name"]
    assert used - {Path(told[name]).name for name in told if name.endswith("_CA")} <= settings or folder == "small"
    made = [file for one in kustomization(f"overlays/{folder}").get("secretGenerator", []) for file in one["files"]]
    assert set(made) <= settings
    assert not any("PASSWORD" in name for name in told)


def test_workers_are_scaled_by_the_group_that_reads_the_events_and_not_beyond_the_partitions() -> None:
    [scaled, _] = manifests(ROOT / "overlays/production/scaling.yaml")
    settings = Settings(_env_file=None)
    assert scaled["spec"]["maxReplicaCount"] == settings.partitions
    [trigger] = scaled["spec"]["triggers"]
    assert trigger["metadata"]["consumerGroup"] == settings.topic("leads")
    target = scaled["spec"]["scaleTargetRef"]
    assert base(target["kind"], target["name"])


def test_prometheus_gets_the_rules_of_the_repository_and_may_reach_every_pod() -> None:
    [rules] = manifests(ROOT / "overlays/production/rules.yaml")
    written = [
        group
        for path in ("service-levels.yml", "pipeline.yml")
        for group in manifests(ROOT.parent / "prometheus/rules" / path)[0]["groups"]
    ]
    assert rules["spec"]["groups"] == written
    [monitor] = manifests(ROOT / "overlays/production/monitoring.yaml")
    policy = base("NetworkPolicy", "salespulse")["spec"]
    assert monitor["spec"]["selector"] == policy["podSelector"]
    ports = {port["port"] for rule in policy["ingress"] for port in rule["ports"]}
    served = [pod(kind, name)["containers"][0]["ports"] for kind, name in PODS.args[1]]
    assert ports == {port["containerPort"] for found in served for port in found}
