"""The viewer remembers size of text and stored views; where it cannot, nothing happens."""

import os

import numpy as np
import pytest

from app import memory
from app.camera import Camera

HERE = Camera(np.array([10.0, -20.0, 30.0]), 1.25, 0.5, 140.0, True)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SURPLUS_STATE_DIR", str(tmp_path))
    return tmp_path


def test_scale_and_views_come_back_to_their_own_district(folder) -> None:
    memory.keep(memory.with_views(memory.Memory(1.25), "town", {3: HERE}))
    again = memory.recall()
    assert again.scale == 1.25
    (number, camera), *others = memory.views_of(again, "town").items()
    assert number == 3 and not others
    assert camera.eye_m.tolist() == HERE.eye_m.tolist() and camera.flying and camera.reach_m == 140.0
    assert memory.views_of(again, "village") == {}


SENSELESS = ["", "no json", '{"scale": "large"}', '{"views": {"town": {"x": 1}}}', '{"scale": 900}']


@pytest.mark.parametrize("text", SENSELESS)
def test_a_file_that_makes_no_sense_is_as_if_there_were_none(folder, text) -> None:
    (folder / memory.FILE).write_text(text)
    assert memory.recall().scale == 1.0


@pytest.mark.skipif(os.name == "nt", reason="folders have no mode there")
def test_a_folder_that_cannot_be_written_is_silence(folder, capfd) -> None:
    (folder / "viewer.new").mkdir()  # in the way of the file
    memory.keep(memory.Memory(2.0))
    assert memory.recall().scale == 1.0
    assert capfd.readouterr() == ("", "")
