"""All that can be found out about a network on a chip: Eyexam, rooflines, dataflows, flexibility, scalability."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from assay.errors import AssayError
from assay.evaluation.progress import Progress
from assay.evaluation.results import Evaluation
from assay.metrics.dataflows import DataflowStudy, StudyProgress, compare_dataflows
from assay.metrics.eyexam import Eyexam, eyexam
from assay.metrics.flexibility import Flexibility, flexibility, flexibility_metrics
from assay.metrics.metric import Metric
from assay.metrics.roofline import Roofline, roofline_of
from assay.metrics.scaling import scaling
from assay.metrics.scaling_results import Scaling, scaling_metrics

Show = Callable[[str, Progress], None]
GIVEN = (
    "The mappings here are the best of the search, not those that were given to the evaluation: these may be faster"
    " than the bounds where their tiles do not divide a layer, or where they are not what the hardware asks for."
)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found; None where it could not be, with the reason.

    Attributes:
        troubles: (what, why) of each that is None.
    """

    eyexam: Eyexam | None
    roofline: Roofline | None
    dataflows: DataflowStudy | None
    flexibility: Flexibility | None
    scaling: Scaling | None
    troubles: tuple[tuple[str, str], ...] = ()

    @property
    def flexibility_metrics(self) -> tuple[Metric, ...]:
        """For the scorecard: what is kept on the mean comes first."""
        found = () if self.flexibility is None else flexibility_metrics(self.flexibility)
        return (*found[1:2], *found[:1], *found[2:])

    @property
    def scaling_metrics(self) -> tuple[Metric, ...]:
        """For the scorecard."""
        return () if self.scaling is None else scaling_metrics(self.scaling)

    def to_dict(self) -> dict[str, Any]:
        """Each part in its own schema; those that could not be found are left out."""
        parts = {
            "eyexam": self.eyexam,
            "roofline": self.roofline,
            "dataflows": self.dataflows,
            "flexibility": self.flexibility,
            "scaling": self.scaling,
        }
        return {name: part.to_dict() for name, part in parts.items() if part is not None}


def examine(
    evaluation: Evaluation,
    *,
    time_limit: float | None = None,
    workers: int | None = None,
    cache: bool = True,
    progress: Show | None = None,
) -> Examination:
    """Find out everything about the network and the chip of an evaluation, with its batch, objective and tiles.

    The tiles of the comparison of dataflows divide the layers, whatever those of the evaluation do. What cannot be
    done on this chip (a dataflow study without an array, say) is named in `troubles`; the rest goes on.

    Args:
        time_limit: for each search.
        workers, cache: as for `evaluate`.
        progress: called with the name of the part, and how far it is.

    Raises:
        KeyboardInterrupt: Ctrl-C; what is found is kept.
    """
    network, chip, batch = evaluation.network, evaluation.hardware, evaluation.batch
    troubles: list[tuple[str, str]] = []
    search: dict[str, Any] = {"objective": evaluation.objective, "time_limit": time_limit}
    search |= {"workers": workers, "cache": cache}
    tiled = search | {"tiles": evaluation.tiles}

    def found(name: str, work: Callable[[], T]) -> T | None:
        try:
            return work()
        except AssayError as error:
            troubles.append((name, str(error)))
            return None

    def show(name: str) -> Callable[[Progress], None] | None:
        return None if progress is None else lambda state: progress(name, state)

    steps = found("Eyexam", lambda: eyexam(network, chip, batch=batch, progress=show("Eyexam"), **tiled))
    if steps is not None and any(layer.search is None for layer in evaluation.mapped):
        steps = replace(steps, notes=(*steps.notes, GIVEN))
    return Examination(
        steps,
        None if steps is None else found("Roofline", lambda: roofline_of(steps)),
        found(
            "Dataflows",
            lambda: compare_dataflows(network, hardware=chip, batches=(batch,), progress=_of_study(progress), **search),
        ),
        found("Flexibility", lambda: flexibility(chip, progress=show("flexibility"), **tiled)),
        found("Scalability", lambda: scaling(network, chip, batch=batch, progress=progress, **tiled)),
        tuple(troubles),
    )


def _of_study(progress: Show | None) -> Callable[[StudyProgress], None] | None:
    if progress is None:
        return None

    def show(state: StudyProgress) -> None:
        if state.layers is not None:
            progress(state.title, state.layers)

    return show
