"""The small study, shown as often as it can be: its viewers may take all of the run's time."""

from study.cli.command import main
from study.viewers.mlflow import MLflow
from study.viewers.page import RunningFigures, RunningPage
from study.viewers.searches import LiveSearches
from study.viewers.tensorboard import TensorBoard
from tests.small_study import STUDY

if __name__ == "__main__":
    for viewer in (RunningPage, RunningFigures, LiveSearches, TensorBoard, MLflow):
        viewer.share, viewer.takes = 1.0, 0.0
    main(STUDY)
