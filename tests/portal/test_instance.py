from pathlib import Path

import pytest

from portal.instance import AlreadyRunning, Instance, acquire, find, publish


def test_a_data_directory_has_one_owner_at_a_time(tmp_path: Path) -> None:
    with acquire(tmp_path):
        publish(tmp_path, Instance(url="http://127.0.0.1:7007", token="secret"))
        with pytest.raises(AlreadyRunning, match="already running at http"):
            acquire(tmp_path)
    acquire(tmp_path).close()


def test_an_instance_is_found_only_while_it_runs(tmp_path: Path) -> None:
    assert find(tmp_path) is None
    instance = Instance(url="http://127.0.0.1:7007", token="secret")
    with acquire(tmp_path):
        publish(tmp_path, instance)
        assert find(tmp_path) == instance
    assert find(tmp_path) is None


def test_only_its_user_may_read_the_token(tmp_path: Path) -> None:
    with acquire(tmp_path):
        publish(tmp_path, Instance(url="u", token="t"))
    assert (tmp_path / "instance.json").stat().st_mode & 0o777 == 0o600
