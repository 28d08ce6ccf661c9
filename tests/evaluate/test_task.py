"""What all folds share travels to workers while the process that sends it goes on."""

from __future__ import annotations

import pickle

import numpy as np

from neuroface.evaluate.task import Task


class Sent:
    """An estimator that is on its way when the main thread first asks the task for its design."""

    task: Task

    def __reduce__(self):
        assert self.task.design == "between"
        return Sent, ()


def test_a_task_can_be_sent_while_it_is_asked():
    letters = np.array(list("abab"))
    Sent.task = Task(
        X=np.eye(4),
        y=letters,
        subject=np.array(list("wxyz")),
        classes=("a", "b"),
        estimator=Sent(),
        balance=True,
        seed=0,
    )
    there = pickle.loads(pickle.dumps(Sent.task))
    assert there.y.tolist() == letters.tolist()
    assert there.design == "between"
