"""Transcoding with Ray Data on a cluster of this machine. Ray is large, so these run where it is installed."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from cotam.transcoding import transcode
from cotam.transcoding.on_ray import code_on_ray

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'cotam[ray]'")


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """One cluster for all tests."""
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("source", ["pictures", "shards", "tables"])
def test_ray_gives_what_one_process_gives_manifest_included(source, request, coding, tmp_path):
    data = request.getfixturevalue(source)
    transcode(data, tmp_path / "here", coding)
    report = transcode(data, tmp_path / "ray", coding, engine=partial(code_on_ray, workers=2))
    assert len(report.failed) == 1
    assert contents(tmp_path / "ray") == contents(tmp_path / "here")


def test_a_run_that_was_broken_off_goes_on_with_ray_and_ends_without(pictures, coding, tmp_path):
    def stop(settled: int, items: int, record: object) -> None:
        if settled == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transcode(pictures, tmp_path / "out", coding, form="webdataset", per_unit=3, advance=stop)
    report = transcode(pictures, tmp_path / "out", coding, form="webdataset", per_unit=3, engine=code_on_ray)
    assert (report.before, report.done) == (4, 6)
    transcode(pictures, tmp_path / "whole", coding, form="webdataset", per_unit=3)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
