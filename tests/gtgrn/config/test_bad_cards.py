"""What a user can get wrong, and the one line that each mistake gives: file, field, remedy."""

from __future__ import annotations

import pytest
from bad_input_cases import CASES, Input, shipped
from gtgrn.errors import InputError


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("case", CASES)
def test_one_line_names_file_field_and_remedy(tmp_path, monkeypatch, case):
    spoil, words = CASES[case]
    file, field, problem, remedy = words.split(" | ")
    monkeypatch.chdir(tmp_path)
    data = Input(tmp_path)
    finish = spoil(data)
    data.write()
    if finish is not None:
        finish()
    with pytest.raises(InputError) as caught:
        data.run()
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(file)
    assert f"'{field}'" in message or not field
    assert problem in message
    assert caught.value.remedy
    assert remedy in message


def test_there_are_more_than_forty_and_the_unspoilt_input_is_good(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(CASES) >= 60
    data = Input(tmp_path)
    data.write()
    data.run()
    finish = shipped()(data)
    data.write()
    finish()
    data.run()
