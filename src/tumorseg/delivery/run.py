"""The loop of `tumorseg predict`: inputs through the net to the files of a folder, whole or not at all."""

import hashlib
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from tumorseg.delivery.inputs import InputSlice, Source
from tumorseg.delivery.outputs.records import OutFolder, Record, SliceRecord
from tumorseg.delivery.outputs.series_files import SeriesWriter, refused
from tumorseg.delivery.outputs.slice_files import SliceWriter
from tumorseg.delivery.outputs.tables import without_folders
from tumorseg.delivery.predictor import Prediction, Predictor
from tumorseg.errors import UserError
from tumorseg.progress import progress


@dataclass
class Counts:
    """What a call has done, and found done."""

    inputs: int = 0
    slices: int = 0
    with_tumor: int = 0
    skipped: int = 0  # inputs that were done before
    others: int = 0  # inputs of earlier calls that were not given
    warnings: Counter[str] = field(default_factory=Counter)  # slices by code
    failures: list[tuple[str, str]] = field(default_factory=list)  # name of an input, and why

    def add(self, record: Record, skipped: bool = False) -> None:
        self.inputs += 1
        self.skipped += skipped and not record.failures
        self.slices += len(record.slices)
        self.with_tumor += sum(each.pixels > 0 for each in record.slices)
        for each in record.slices:
            self.warnings.update(set(each.warnings))
        self.failures += [(record.name, why) for why in record.problems]


@dataclass
class Reading:
    """An input that is being read and predicted."""

    source: Source
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    waiting: int = 0  # slices that were read and are not predicted yet
    is_read: bool = False
    slices: list[SliceRecord] = field(default_factory=list)
    masks: list[np.ndarray] = field(default_factory=list)  # of a series alone
    failures: list[str] = field(default_factory=list)

    def read(self) -> Iterator[InputSlice]:
        """Its slices; one that cannot be read is a failure and hides no others."""
        slices = self.source.slices()
        while True:
            try:
                given = next(slices)
            except StopIteration:
                return
            except UserError as error:
                self.failures.append(without_folders(str(error)))
                self.digest.update(b"failed")
                continue
            except (
                Exception
            ) as error:  # of a decoder that fails in its own way: the other inputs must not suffer
                message = " ".join(f"{type(error).__name__}: {error}".split())
                self.failures.append(without_folders(f"{self.source.name}: cannot be read: {message}"))
                self.digest.update(b"failed")
                return
            add_to_digest(self.digest, given)
            yield given


class Run:
    """A call of predict.

    Args:
        predictor: The delivered net.
        writer: Of the files of a slice.
        series: Of the files of a series.
        overwrite: Do again what is done.
    """

    def __init__(
        self, predictor: Predictor, writer: SliceWriter, series: SeriesWriter, overwrite: bool
    ) -> None:
        self.predictor, self.writer, self.series, self.overwrite = predictor, writer, series, overwrite
        self.out: OutFolder = writer.out
        self.counts = Counts()
        self.queue: deque[tuple[Reading, InputSlice]] = deque()  # in the predictor's batch

    def predict(self, sources: list[Source]) -> Counts:
        """Segment all inputs that are not done. A kill loses the inputs at work alone."""
        total = sum(len(source) for source in sources)
        greys = (given.greys for given in progress(self._slices(sources), "segmenting slices", total))
        for prediction in self.predictor.predict(greys):
            self._take(*self.queue.popleft(), prediction)
        return self.counts

    def _slices(self, sources: list[Source]) -> Iterator[InputSlice]:
        """The slices of all inputs, one input after the other."""
        for source in sources:
            if (record := self.out.read(source.name)) is not None:
                if known := self._known(source, record):
                    if known != record:
                        self.out.write(known)
                    self.counts.add(known, skipped=True)
                    continue
                self.out.discard(record)
            reading = Reading(source)
            for given in reading.read():
                reading.waiting += 1
                self.queue.append((reading, given))
                yield given
            reading.is_read = True
            self._finish(reading)

    def _known(self, source: Source, record: Record) -> Record | None:
        """The record of an input whose masks stay, as it is now; None where it is to be done again.

        It is read anew, since it may have changed: then what failed to be read is tried again too.
        """
        if self.overwrite:
            return None
        again = Reading(source)
        for _ in again.read():
            pass
        same, whole = again.digest.hexdigest() == record.digest, all(map(self.writer.is_there, record.slices))
        if same and whole:
            now = record.model_copy(update={"failures": again.failures})
            if (renewed := self.series.renew(source, now)) is not None:
                return renewed
        if corrected := self.out.corrected(record):
            return refused(
                self.out, record, corrected, "some of its files are missing" if same else "it has changed"
            )
        return None

    def _take(self, reading: Reading, given: InputSlice, prediction: Prediction) -> None:
        """Write what was predicted of a slice."""
        reading.slices.append(self.writer.write(given, prediction))
        if reading.source.kind != "picture":
            reading.masks.append(prediction.mask)
        reading.waiting -= 1
        self._finish(reading)

    def _finish(self, reading: Reading) -> None:
        """Write the record of an input, once all of it is predicted."""
        if reading.waiting or not reading.is_read:
            return
        source = reading.source
        written = self.series.wanted(source) if reading.masks and not reading.failures else {}
        unwritten = self.series.write(source, reading.masks, written)
        masks = [self.out.mask(each.name) for each in reading.slices]
        record = Record(
            name=source.name,
            digest=reading.digest.hexdigest(),
            stamp=source.stamp(),
            failures=reading.failures,
            unwritten=unwritten,
            files=self.out.digests([*masks, *written.values()]),
            slices=reading.slices,
        )
        self.out.write(record)
        self.counts.add(record)


def add_to_digest(digest: "hashlib._Hash", given: InputSlice) -> None:
    """Add all that the files of a slice depend on."""
    about = f"{given.name}\n{given.greys.shape}\n{given.spacing}\n{given.warnings}\n"
    digest.update(about.encode())
    digest.update(np.ascontiguousarray(given.greys).data)
