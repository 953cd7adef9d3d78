"""Accuracies: published ones with their sources, given ones, and how difficult a data set is."""

import csv
from pathlib import Path

import pytest

from assay.errors import InputError
from assay.metrics.accuracy import Accuracy, datasets, difficulty, find_dataset, given, metrics_of, published
from assay.metrics.metric import Basis
from assay.workload.zoo import zoo_names

TOP5_ERRORS = {"alexnet": 19.8, "vgg16": 7.4, "googlenet": 6.7, "resnet50": 5.3, "efficientnet_b4": 3.7}
"""Percent, as in the tutorials: the table of popular DNN models, and for one AlexNet the sheet of Eyeriss."""


@pytest.mark.parametrize("name", TOP5_ERRORS)
def test_top5_of_the_tutorial(name: str) -> None:
    found = published(name)
    assert found is not None
    assert found.value == pytest.approx(1 - TOP5_ERRORS[name] / 100, abs=1e-12)
    assert (found.metric, found.dataset, found.task) == ("top-5", "ImageNet", "image classification")
    assert ("talk" if name == "alexnet" else "tutorial") in found.source
    assert found.note  # of how it was tested


def test_multipliers_of_mobilenet() -> None:
    """Every released checkpoint, from a copy of the table."""
    path = Path(__file__).parents[1] / "data" / "reference" / "mobilenet_v1_multipliers.csv"
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    assert len(rows) == 16
    for row in rows:
        width, resolution = row["model"].split("_")
        found = published(f"mobilenet_v1:width={width},resolution={resolution}")
        assert found is not None
        assert (found.value, found.metric) == (pytest.approx(float(row["top1"]) / 100), "top-1")
    standard = published("mobilenet_v1")
    assert standard == published("mobilenet_v1:width=1,resolution=224") == published("mobilenet_v1:resolution=224.0")
    half = published("mobilenet_v1:width=0.5")
    assert half is not None
    assert half.value == pytest.approx(0.633)


@pytest.mark.parametrize(
    "spec",
    [
        "mobilenet_v1:width=0.3",
        "mobilenet_v1:width=half",
        "resnet50_v1_5",
        "lenet5",
        "model.onnx",
        "bert_base:tokens=8",
    ],
)
def test_others_have_none(spec: str) -> None:
    assert published(spec) is None


def test_only_networks_of_the_zoo_are_listed() -> None:
    assert {name for name in zoo_names() if published(name)} == {*TOP5_ERRORS, "squeezenet1_0", "mobilenet_v1"}


def test_given_by_the_user() -> None:
    found = given(0.802, metric="Top-5", dataset="imagenet")
    assert (found.metric, found.dataset, found.task) == ("top-5", "ImageNet", "image classification")
    assert found.basis is Basis.GIVEN
    assert "1,000 classes" in found.difficulty
    own = given(0.9, dataset="my pictures", task="object detection", metric="own score")
    assert (own.dataset, own.metric) == ("my pictures", "own score")
    assert own.difficulty == "object detection is usually more difficult than classification"


def test_how_difficult() -> None:
    assert "classification on ImageNet is much more difficult than on MNIST" in difficulty("MNIST", "")
    assert difficulty("", "") == ""
    found = find_dataset("mnist")
    assert found is not None
    assert "10 classes" in found.facts
    assert "60,000" in found.facts
    assert {each.name for each in datasets()} >= {"MNIST", "ImageNet", "CIFAR-10", "COCO", "SQuAD"}
    assert all(each.source for each in datasets())


def test_another_precision_is_remarked() -> None:
    found = published("alexnet")
    assert found is not None
    assert found.remark(8) == "measured in 32-bit float: in 8 bits it must be measured anew"
    assert found.remark(None) == ""
    assert "in 16 bits it must be measured anew" in found.figure(16).note
    assert "measured" not in found.figure(32).note
    assert given(0.5).remark(8) == ""


def test_without_accuracy_everything_says_how_to_give_it() -> None:
    found = metrics_of(None, 16)
    assert [each.key for each in found] == ["accuracy", "dataset", "task", "difficulty"]
    assert all(each.value is None and each.missing for each in found)
    assert "--accuracy" in found[0].missing


@pytest.mark.parametrize("value", [0.0, -0.1, 1.1, float("nan"), True])
def test_what_is_no_share_is_refused(value: float) -> None:
    with pytest.raises(InputError, match="the accuracy is"):
        Accuracy(value)


def test_a_near_miss_of_a_metric() -> None:
    with pytest.raises(InputError, match="unknown metric 'top5' of an accuracy") as caught:
        given(0.8, metric="top5")
    assert "did you mean 'top-5'?" in str(caught.value)
