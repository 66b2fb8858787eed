"""No thread that holds the database outlives a query, since closing one at exit would abort the program."""

from __future__ import annotations

import threading

from farm.browse.queries.typed_sql import ask, closed_database


def test_a_question_leaves_no_thread_behind():
    before = set(threading.enumerate())
    assert ask(closed_database(), "SELECT 1 AS one")[1] == [(1,)]
    assert set(threading.enumerate()) == before
