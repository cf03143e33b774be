import gzip
import hashlib
import http.server
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from rnnbench.data.datasets.mnist import MNIST
from rnnbench.data.datasets.music import JSB
from rnnbench.data.datasets.text import TinyShakespeare
from rnnbench.data.files import data_file, default_data_dir, own_file
from rnnbench.errors import UsageError

CONTENT = b"forty-two " * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
NO_ONE_LISTENS = "http://127.0.0.1:9/file"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def served(tmp_path):
    """Files put into `served.folder` are at `served.url`/name."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    server.folder, server.url = folder, f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    server.server_close()


def test_the_environment_names_the_folder_else_the_cache_does(monkeypatch, tmp_path):
    monkeypatch.setenv("RNNBENCH_DATA", str(tmp_path))
    assert default_data_dir() == tmp_path
    for unset in ("", None):
        monkeypatch.setenv("RNNBENCH_DATA", unset) if unset is not None else monkeypatch.delenv("RNNBENCH_DATA")
        assert default_data_dir().name == "rnnbench" and default_data_dir().is_relative_to(Path.home())


def test_a_file_is_downloaded_once_and_kept(served, nowhere):
    (served.folder / "x").write_bytes(CONTENT)
    assert data_file(nowhere, "a/x", url=f"{served.url}/x", sha256=SHA256) == CONTENT
    assert data_file(nowhere, "a/x", url=NO_ONE_LISTENS, sha256=SHA256) == CONTENT
    assert [file.name for file in (nowhere / "a").iterdir()] == ["x"]


def test_many_may_download_at_once(served, nowhere):
    (served.folder / "x").write_bytes(CONTENT)
    with ThreadPoolExecutor(8) as pool:
        tasks = [pool.submit(data_file, nowhere, "a/x", url=f"{served.url}/x", sha256=SHA256) for _ in range(24)]
    assert {task.result() for task in tasks} == {CONTENT}
    assert [file.name for file in (nowhere / "a").iterdir()] == ["x"]


def test_a_download_of_another_file_is_refused_and_not_kept(served, nowhere):
    (served.folder / "x").write_bytes(b"a page that says: moved")
    with pytest.raises(UsageError, match=r"sent another file: its sha256 is .*; put the right one at .*a/x$"):
        data_file(nowhere, "a/x", url=f"{served.url}/x", sha256=SHA256)
    assert list((nowhere / "a").iterdir()) == []


@pytest.mark.parametrize("path", ["/missing", None])
def test_without_a_network_one_line_says_what_to_put_where(served, nowhere, path):
    url = NO_ONE_LISTENS if path is None else served.url + path
    with pytest.raises(UsageError) as caught:
        data_file(nowhere, "a/x", url=url, sha256=SHA256)
    line = str(caught.value)
    assert str(nowhere / "a/x") in line and url in line and "RNNBENCH_DATA" in line and "\n" not in line
    assert list((nowhere / "a").iterdir()) == []


@pytest.mark.parametrize(
    ("dataset", "relative", "module"),
    [
        (JSB(), "poly_music/JSB_Chorales.mat", "music"),
        (MNIST(), "mnist/train-images-idx3-ubyte.gz", "mnist"),
        (TinyShakespeare(), "tinyshakespeare/input.txt", "text"),
    ],
)
def test_each_dataset_says_what_to_put_where(monkeypatch, nowhere, dataset, relative, module):
    url = NO_ONE_LISTENS if module == "text" else NO_ONE_LISTENS + "/"
    monkeypatch.setattr(f"rnnbench.data.datasets.{module}.URL", url)
    with pytest.raises(UsageError, match=f"{nowhere / relative} is absent"):
        dataset.load(seq_len=None, train_size=None, seed=0, data_dir=nowhere)


@pytest.mark.parametrize("name", ["x.gz", "x"])
@pytest.mark.parametrize("content", [CONTENT, gzip.compress(CONTENT, mtime=0)])
def test_gzipped_or_plain_under_either_name(nowhere, name, content):
    nowhere.mkdir()
    (nowhere / name).write_bytes(content)
    assert data_file(nowhere, "x.gz", url=NO_ONE_LISTENS, sha256=SHA256) == CONTENT


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (CONTENT[:-1], "is not the published file: its sha256 is"),
        (b"", "is not the published file"),
        (gzip.compress(CONTENT, mtime=0)[:-20], "is truncated or damaged"),
        (gzip.compress(CONTENT, mtime=0)[:15], "is truncated or damaged"),
        (b"\x1f\x8b" + b"junk" * 20, "is truncated or damaged"),
    ],
)
def test_a_damaged_file_is_named_in_one_line(nowhere, content, says):
    nowhere.mkdir()
    (nowhere / "x.gz").write_bytes(content)
    with pytest.raises(UsageError, match=f"^{nowhere / 'x.gz'} {says}") as caught:
        data_file(nowhere, "x.gz", url=NO_ONE_LISTENS, sha256=SHA256)
    assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_written_and_a_folder_for_a_file(nowhere, tmp_path):
    nowhere.write_text("a file where the folder should be")
    with pytest.raises(UsageError, match=r"x is absent and cannot be written"):
        data_file(nowhere, "a/x", url=NO_ONE_LISTENS, sha256=SHA256)
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        own_file(str(tmp_path))
