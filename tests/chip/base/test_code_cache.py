"""Whatever is wrong with the cache is a compilation, and one sentence."""

import os
import pwd
import resource
import sys
import types
import warnings
from pathlib import Path

import pytest
from numba.core import config as numba_config

from chip.base import code_cache
from chip.base.errors import CacheWarning

needs_compiler = pytest.mark.skipif(bool(numba_config.DISABLE_JIT), reason="nothing is compiled")
TEXT = "from chip.base.compiled import compiled\n@compiled\ndef f(x):\n    return x + 1\n"


@pytest.fixture(autouse=True)
def nothing_was_said(monkeypatch):
    monkeypatch.setattr(code_cache, "_said", set())


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """Return a function that imports, calls and returns a compiled function, as a new process does, and its cache."""
    cache, source = tmp_path / "cache", tmp_path / "source.py"
    monkeypatch.setenv("PLASTICORE_CACHE", str(cache))
    source.write_text(TEXT)

    def hits():
        names = {}
        exec(compile(source.read_text(), str(source), "exec"), names)
        assert names["f"](1) == 2
        return sum(names["f"].stats.cache_hits.values())

    return hits, cache


@needs_compiler
@pytest.mark.parametrize("kind", ["*.nbi", "*.nbc"])
def test_a_damaged_file_is_compiled_anew_once_and_said(cached, kind, monkeypatch):
    hits, cache = cached
    assert [hits(), hits()] == [0, 1]
    (path,) = cache.rglob(kind)
    whole = path.read_bytes()
    flipped = bytes([*whole[:-9], whole[-9] ^ 1, *whole[-8:]])
    for damaged in (b"", whole[:5], whole[: len(whole) // 2], flipped, b"\0" * len(whole), whole + b"x"):
        path.write_bytes(damaged)
        monkeypatch.setattr(code_cache, "_said", set())
        with pytest.warns(CacheWarning, match="is damaged, as after a power cut; it is compiled anew") as told:
            assert hits() == 0
        assert len(told) == 1 and hits() == 1 and path.read_bytes()[:16] == whole[:16] or kind == "*.nbc"


@needs_compiler
def test_what_numba_cannot_read_is_compiled_anew(cached):
    hits, cache = cached
    hits()
    (path,) = cache.rglob("*.nbc")
    files = code_cache._CheckedFiles(str(path.parent), "any", "")
    files._write(str(path), ["no", "result"])  # whole, but of somebody else
    with pytest.warns(CacheWarning, match="damaged"):
        assert hits() == 0
    assert hits() == 1


@needs_compiler
def test_an_edited_file_and_what_it_imports_count_when_it_is_imported_again(cached, tmp_path, monkeypatch):
    hits, _ = cached
    helper, source = tmp_path / "helper_of_cache.py", tmp_path / "source.py"
    helper.write_text("ONE = 1\n")
    source.write_text(TEXT.replace("x + 1", "x + ONE").replace("@comp", "from helper_of_cache import ONE\n@comp"))
    monkeypatch.setitem(sys.modules, "helper_of_cache", types.SimpleNamespace(ONE=1, __file__=str(helper)))
    assert [hits(), hits()] == [0, 1]
    helper.write_text("ONE = 1 \n")
    assert [hits(), hits()] == [0, 1]


@needs_compiler
def test_a_missing_file_or_directory_is_a_compilation_without_a_word(cached):
    hits, cache = cached
    hits()
    for path in cache.rglob("*.nbc"):
        path.unlink()
    assert [hits(), hits()] == [0, 1]
    for path in list(cache.rglob("*.nb?")):
        path.unlink()
    next(path for path in cache.iterdir() if path.is_dir()).rmdir()
    assert [hits(), hits()] == [0, 1]


@needs_compiler
def test_a_full_disk_is_a_compilation_and_said_once(cached):
    hits, cache = cached
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.warns(CacheWarning, match=f"nothing can be written to {cache}.*PLASTICORE_CACHE") as told:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        try:
            assert [hits(), hits()] == [0, 0]
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(told) == 1 and not [path for path in cache.rglob("*") if path.is_file()]
    assert [hits(), hits()] == [0, 1]


@needs_compiler
def test_a_place_that_cannot_be_is_said_once(cached, tmp_path, monkeypatch):
    hits, _ = cached
    (tmp_path / "file").touch()
    monkeypatch.setenv("PLASTICORE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.warns(CacheWarning, match="nothing can be written to .*file/cache") as told:
        assert [hits(), hits()] == [0, 0]
    assert len(told) == 1


@needs_compiler
def test_a_path_in_another_encoding_keeps_code(cached, tmp_path, monkeypatch):
    hits, _ = cached
    monkeypatch.setenv("PLASTICORE_CACHE", os.fsdecode(os.path.join(os.fsencode(tmp_path), b"andr\xe9")))
    assert [hits(), hits()] == [0, 1]


@pytest.mark.parametrize("cache", ["", "~/x", "~nobody_of_that_name/x"])
def test_a_home_that_nobody_knows_is_no_directory_of_that_name(cache, tmp_path, monkeypatch):
    def unknown(_):
        raise KeyError

    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name in ("getpwuid", "getpwnam"):
        monkeypatch.setattr(pwd, name, unknown)
    monkeypatch.setenv("PLASTICORE_CACHE", cache)
    monkeypatch.chdir(tmp_path)
    with pytest.warns(CacheWarning, match="home directory that nobody knows; every start"):
        assert code_cache.cache_root() is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert code_cache.cache_root() is None  # said before
    assert list(tmp_path.iterdir()) == []


def test_a_tilde_is_the_home_directory_and_relative_paths_are_made_absolute(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PLASTICORE_CACHE", "~/x")
    assert code_cache.cache_root() == tmp_path / "x"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLASTICORE_CACHE", "y")
    assert code_cache.cache_root() == Path.cwd() / "y"
    monkeypatch.setenv("PLASTICORE_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # which is to be ignored
    assert code_cache.cache_root() == tmp_path / ".cache" / "plasticore"
