"""The pages' templates link to the right places, and no text of the dataset becomes markup."""

from __future__ import annotations

import jinja2
import pytest

from farm.browse.pages.templates import SERVED, exported, page_templates


@pytest.mark.parametrize(
    ("depth", "files", "base", "seen"),
    [
        (0, "../", "", "../"),
        (1, "../", "../", "../../"),
        (2, "set/", "../../", "../../set/"),
        (1, "https://bucket.example/melee/", "../", "https://bucket.example/melee/"),
        (1, "/datasets/melee/", "../", "/datasets/melee/"),
    ],
)
def test_a_page_in_a_folder_finds_the_first_page_and_the_objects(
    depth: int, files: str, base: str, seen: str
):
    where = exported(depth, files)
    assert (where["base"], where["files"]) == (base, seen)
    assert where["end"] == ".html"
    assert not where["is_served"]


def test_a_page_on_the_server_and_one_in_a_folder_are_told_the_same_things():
    assert exported(0, "../").keys() == SERVED.keys()


def test_text_is_never_markup():
    page = page_templates("<b>set</b>").get_template("problem.html")
    text = page.render(detail="<script>alert(1)</script>", **SERVED)
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text
    assert "<b>set" not in text


def test_a_page_that_lacks_something_fails_rather_than_show_a_gap():
    with pytest.raises(jinja2.UndefinedError):
        page_templates("set").get_template("problem.html").render(**SERVED)


@pytest.mark.parametrize("name", ["totals", "games", "game", "rejects", "schema", "problem"])
def test_every_page_has_its_template(name: str):
    assert page_templates("set").get_template(f"{name}.html").name == f"{name}.html"
