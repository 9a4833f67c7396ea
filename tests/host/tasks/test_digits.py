"""Digits from IDX files: read whole or refused, scaled by area, split as it is said; and from MNIST's own files."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chip import ChipConfig
from host import tasks
from host.tasks import idx
from host.tasks.digits import scaled
from ppu_programs import EventProp
from tests.naive.area import scaled as pixel_by_pixel

MNIST = Path(__file__).resolve().parents[4] / "shared" / "data" / "mnist"
needs_mnist = pytest.mark.skipif(
    not (MNIST / "t10k-images-idx3-ubyte.gz").exists(), reason="MNIST's files are not in ../shared/data/mnist"
)


def idx_bytes(array):
    head = bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">u4").tobytes()
    return head + array.astype(np.uint8).tobytes()


def write(directory, part, count, side=28, packed=True, dotted=False):
    """Write pictures of one brightness each, which is their number, and classes that count through."""
    images = np.full((count, side, side), (np.arange(count) % 256)[:, None, None])
    for kind, array in (("images-idx3", images), ("labels-idx1", np.arange(count) % 10)):
        name = f"{part}-{kind.replace('-', '.') if dotted else kind}-ubyte"
        content = idx_bytes(array)
        (directory / (name + ".gz" * packed)).write_bytes(gzip.compress(content, 1) if packed else content)


# ---------------------------------------------------------------------- scaling


@given(st.integers(16, 33), st.integers(16, 33), st.integers(0, 2**32))
def test_pictures_are_scaled_by_area_and_keep_their_mean(height, width, seed):
    images = np.random.default_rng(seed).integers(0, 256, (2, height, width), np.uint8)
    found = scaled(images)
    assert found.shape == (2, 256) and found.dtype == np.float64
    np.testing.assert_allclose(found[0], pixel_by_pixel(images[0].tolist()), atol=1e-12)
    np.testing.assert_allclose(found.mean(axis=1), images.mean(axis=(1, 2)) / 255, atol=1e-12)


def test_black_white_and_what_has_the_size_already_stay():
    assert scaled(np.zeros((1, 28, 28), np.uint8)).max() == 0.0
    white = scaled(np.full((1, 28, 28), 255, np.uint8))
    assert white.max() <= 1.0 and white.min() > 1 - 1e-12
    same = np.random.default_rng(1).integers(0, 256, (3, 16, 16), np.uint8)
    np.testing.assert_allclose(scaled(same).reshape(same.shape), same / 255)


def test_many_pictures_are_scaled_as_one_by_one():
    images = np.random.default_rng(1).integers(0, 256, (4100, 17, 16), np.uint8)
    assert np.array_equal(scaled(images)[[0, 4095, 4096, 4099]], scaled(images[[0, 4095, 4096, 4099]]))


# ---------------------------------------------------------------------- splits


@pytest.mark.parametrize(("packed", "dotted"), [(True, False), (False, False), (False, True)])
def test_with_both_parts_the_last_sixth_of_the_training_part_is_for_validation(tmp_path, packed, dotted):
    write(tmp_path, "train", 120, packed=packed, dotted=dotted)
    write(tmp_path, "t10k", 20, packed=packed, dotted=dotted)
    made = tasks.load(f"digits:{tmp_path}")
    assert made.ranges == {"train": range(100), "validation": range(100, 120), "test": range(120, 140)}
    np.testing.assert_allclose(made.inputs[:, 0] * 255, [*range(120), *range(20)], atol=1e-9)
    assert made.targets.tolist() == [*(n % 10 for n in range(120)), *(n % 10 for n in range(20))]
    assert made.classes == tuple("0123456789") and made.source["origin"] == f"digits:{tmp_path}"


def test_with_the_test_part_alone_it_is_shuffled_and_split(tmp_path):
    write(tmp_path, "t10k", 200)
    made = tasks.load(f"digits:{tmp_path}")
    assert made.ranges == {"train": range(140), "validation": range(140, 160), "test": range(160, 200)}
    numbers = np.rint(made.inputs[:, 0] * 255).astype(int)
    assert sorted(numbers) == list(range(200)) and (numbers % 10 == made.targets).all()
    assert abs(np.corrcoef(numbers, np.arange(200))[0, 1]) < 0.3
    assert made.digest == tasks.load(f"digits:{tmp_path}").digest


def test_a_task_of_its_own_has_pictures_of_8_x_8(tmp_path):
    write(tmp_path, "t10k", 200)
    small, large = (tasks.load(f"{name}:{tmp_path}") for name in ("digits-8x8", "digits"))
    assert small.inputs.shape == (200, 64) and (small.targets == large.targets).all()
    np.testing.assert_allclose(small.inputs.mean(axis=1), large.inputs.mean(axis=1), atol=1e-12)
    assert small.name == "digits-8x8" and small.source["origin"] == f"digits-8x8:{tmp_path}"
    assert tasks.short_name(small.source["origin"]) == f"digits-8x8-{tmp_path.name}"
    with pytest.raises(ValueError, match="'digits-8x8' needs the directory of MNIST's files; write digits-8x8:DIREC"):
        tasks.check("digits-8x8")


@needs_mnist
def test_mnist_is_read_and_its_classes_can_be_told_from_each_other():
    made = tasks.load(f"digits:{MNIST}")
    assert made.ranges == {"train": range(7000), "validation": range(7000, 8000), "test": range(8000, 10000)}
    assert np.bincount(made.targets).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]  # of t10k
    assert made.inputs.mean() == pytest.approx(0.13251, abs=1e-4)
    means = np.stack([made.train.inputs[made.train.targets == digit].mean(axis=0) for digit in range(10)])
    distances = ((made.test.inputs[:, None] - means) ** 2).sum(axis=2)
    assert (distances.argmin(axis=1) == made.test.targets).mean() > 0.79  # the nearest mean is right in four of five


# ---------------------------------------------------------------------- what is refused


def damaged(directory, change):
    write(directory, "t10k", 20, packed=False)
    path = directory / "t10k-images-idx3-ubyte"
    path.write_bytes(change(path.read_bytes()))


BAD = {
    "cut off": (lambda content: content[:-5], "is damaged: it says 20 x 28 x 28 bytes and holds 15675"),
    "too long": (lambda content: content + b"x", "and holds 15681"),
    "another format": (lambda content: b"PNG " + content, "is no IDX file of bytes in 3 dimensions: it begins with 50"),
    "labels": (lambda content: idx_bytes(np.arange(20)), "begins with 00 00 08 01, not with 00 00 08 03"),
    "empty": (lambda content: b"", "is no IDX file"),
    "half of a head": (lambda content: content[:9], "is no IDX file"),
    "damaged gzip": (lambda content: gzip.compress(content)[:-40], "cannot be read: Compressed file ended"),
    "huge": (lambda content: content[:4] + b"\xff" * 12 + content[16:], "it says 4294967295 x 4294967295 x"),
    "fewer": (lambda content: idx_bytes(np.zeros((19, 28, 28))), "has 19 pictures, .* has 20 classes; give as many"),
    "small": (lambda content: idx_bytes(np.zeros((20, 28, 8))), "are 28 x 8; give 16 at least"),
}


@pytest.mark.parametrize("case", BAD)
def test_files_that_are_none_are_refused(tmp_path, case):
    change, words = BAD[case]
    damaged(tmp_path, change)
    with pytest.raises(ValueError, match=words):
        tasks.load(f"digits:{tmp_path}")


@pytest.mark.parametrize("count", [0, 9])
def test_too_few_pictures_are_refused(tmp_path, count):
    write(tmp_path, "t10k", count)
    with pytest.raises(ValueError, match=f"-ubyte.gz has {count} pictures; 10 at least are needed for training"):
        tasks.load(f"digits:{tmp_path}")


@pytest.mark.parametrize(
    "missing, words",
    [("images", "labels-idx1-ubyte.gz, classes for training, and not their pictures"),
     ("labels", "images-idx3-ubyte.gz, pictures for training, and not their classes")],
)  # fmt: skip
def test_half_a_training_part_is_refused(tmp_path, missing, words):
    write(tmp_path, "t10k", 20)
    write(tmp_path, "train", 60)
    next(tmp_path.glob(f"train-{missing}*")).unlink()
    with pytest.raises(ValueError, match=f"has train-{words}; put train-images-idx3-ubyte and train-labels-idx1-ubyte"):
        tasks.load(f"digits:{tmp_path}")


def test_rules_that_take_fewer_inputs_name_their_limit(tmp_path):
    write(tmp_path, "t10k", 200)
    made = tasks.load(f"digits:{tmp_path}")
    with pytest.raises(ValueError, match="^eventprop: a sample has 256 inputs; this rule takes 127 at most, .* 128"):
        EventProp().build(made, ChipConfig.ideal())


def test_classes_beyond_ten_are_refused(tmp_path):
    write(tmp_path, "t10k", 20, packed=False)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx_bytes(np.arange(20)))
    with pytest.raises(ValueError, match="holds class 19; there are 10, from 0 on"):
        tasks.load(f"digits:{tmp_path}")


def test_an_idx_file_is_read_as_it_is_packed_or_not(tmp_path):
    array = np.random.default_rng(1).integers(0, 256, (3, 4), np.uint8)
    for name, content in (("plain", idx_bytes(array)), ("packed", gzip.compress(idx_bytes(array)))):
        (tmp_path / name).write_bytes(content)
        assert np.array_equal(idx.read(tmp_path / name, 2), array)
    with pytest.raises(ValueError, match="the IDX file .*/none cannot be read: No such file or directory"):
        idx.read(tmp_path / "none", 2)
