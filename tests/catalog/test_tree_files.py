"""The files of a snapshot in columns: the same files, small to keep and to send."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.sources import TreeFile
from catalog.tree_files import TreeFiles, find_file

FILES = st.lists(
    st.builds(
        TreeFile,
        path=st.text(st.characters(), max_size=20),
        token=st.text(max_size=5),
        size=st.integers(0, 2**63),
    ),
    unique_by=lambda file: file.path,
).map(lambda files: sorted(files, key=lambda file: file.path))


@given(FILES)
def test_files_in_columns_are_the_same_files_in_another_process_too(files: list[TreeFile]):
    held = TreeFiles(files)
    sent = pickle.loads(pickle.dumps(held))
    assert [*held] == [*sent] == files
    assert [held[number] for number in range(len(held))] == files
    assert tuple(held[1:-1]) == tuple(files[1:-1])
    assert list(reversed(held)) == files[::-1]


def test_there_is_no_file_after_the_last():
    held = TreeFiles([TreeFile(path="a", token="1", size=1)])
    assert held[-1].path == "a"
    with pytest.raises(IndexError):
        held[1]


@given(FILES, st.text(max_size=20))
def test_a_file_is_found_by_its_path_and_no_other_is(files: list[TreeFile], other: str):
    held, paths = TreeFiles(files), {file.path for file in files}
    assert [find_file(held, file.path) for file in files] == files
    assert (find_file(held, other) is None) == (other not in paths)


def test_many_files_are_sent_as_little_more_than_their_texts():
    files = [
        TreeFile(path=f"services/s{n:05}/catalog-info.yaml", token=f"{n:040x}", size=n)
        for n in range(10_000)
    ]
    texts = sum(len(file.path) + len(file.token) for file in files)
    assert len(pickle.dumps(TreeFiles(files))) < texts + 25 * len(files)
