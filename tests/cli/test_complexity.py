import json
from typing import Any


def parts(out: bytes) -> dict[tuple[str, str], dict[str, Any]]:
    return {(g["name"], p["name"]): p for g in json.loads(out) for p in g["parts"]}


def test_every_part_is_listed_with_its_cost(cotam: Any) -> None:
    ran = cotam("complexity")
    text = ran.out.decode()
    assert ran.code == 0
    for word in (
        "analysis",
        "synthesis",
        "hyper-",
        "context",
        "latent adapter",
        "transform-neck",
        "13,191,168",
    ):
        assert word in text


def test_json_has_the_papers_neck_and_a_light_codec(cotam: Any) -> None:
    found = parts(cotam("complexity", "--json").out)
    neck = next(p for (group, name), p in found.items() if "Bridge" in group and name == "transform-neck")
    assert neck["parameters"] == 13_191_168
    assert neck["kmacs_per_pixel"] * 65_536 == neck["macs"] / 1000
    analysis = next(p for (_, name), p in found.items() if name == "analysis")
    assert 5 < analysis["kmacs_per_pixel"] < 20


def test_an_unknown_model_is_one_line(cotam: Any) -> None:
    ran = cotam("complexity", "--model", "nobody")
    assert ran.code == 1
    assert "unknown model 'nobody'" in ran.problem
