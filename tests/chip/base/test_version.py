"""The version is that of the sources where they are, and that of the installation where they are not."""

import re

import pytest

from chip.base import version as subject


@pytest.fixture(autouse=True)
def fresh():
    subject.version.cache_clear()
    yield
    subject.version.cache_clear()


def test_sources_say_their_version_without_an_installation(monkeypatch):
    def missing(name):
        raise subject.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(subject.metadata, "version", missing)
    assert re.fullmatch(r"\d+\.\d+\.\d+", subject.version())


@pytest.mark.parametrize("text", [None, "= 3", "[project]\n", '[project]\nname = "another"\nversion = "9.9.9"\n'])
def test_without_our_project_file_it_is_that_of_the_installation(monkeypatch, tmp_path, text):
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text)
    monkeypatch.setattr(subject, "PROJECT_FILE", tmp_path / "pyproject.toml")
    monkeypatch.setattr(subject.metadata, "version", {"plasticore": "1.2.3"}.__getitem__)
    assert subject.version() == "1.2.3"
