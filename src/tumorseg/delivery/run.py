"""The loop of `tumorseg predict`: inputs through the net to the files of a folder, whole or not at all."""

import hashlib
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from tumorseg.delivery.inputs import InputSlice, Source
from tumorseg.delivery.outputs.records import OutFolder, Record, SliceRecord
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
    warnings: Counter[str] = field(default_factory=Counter)  # slices by code
    failures: list[tuple[str, str]] = field(default_factory=list)  # name of an input, and why

    def add(self, record: Record, skipped: bool = False) -> None:
        self.inputs += 1
        self.skipped += skipped
        self.slices += len(record.slices)
        self.with_tumor += sum(each.pixels > 0 for each in record.slices)
        for each in record.slices:
            self.warnings.update(set(each.warnings))
        self.failures += [(record.name, why) for why in record.failures]


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
                return
            add_to_digest(self.digest, given)
            yield given

    def record(self) -> Record:
        return Record(
            name=self.source.name,
            digest=self.digest.hexdigest(),
            failures=self.failures,
            slices=self.slices,
        )


class Run:
    """A call of predict.

    Args:
        predictor: The delivered net.
        writer: Of the files of a slice.
        overwrite: Do again what is done.
    """

    def __init__(self, predictor: Predictor, writer: SliceWriter, overwrite: bool) -> None:
        self.predictor, self.writer, self.overwrite = predictor, writer, overwrite
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
            if known := self._known(source):
                self.counts.add(known, skipped=True)
                continue
            reading = Reading(source)
            for given in reading.read():
                reading.waiting += 1
                self.queue.append((reading, given))
                yield given
            reading.is_read = True
            self._finish(reading)

    def _known(self, source: Source) -> Record | None:
        """The record of an input that is done: it is read anew, since it may have changed."""
        record = None if self.overwrite else self.out.read(source.name)
        if record is None or record.failures or not all(map(self.writer.is_there, record.slices)):
            return None
        again = Reading(source)
        for _ in again.read():
            pass
        return record if again.digest.hexdigest() == record.digest and not again.failures else None

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
        if reading.masks and not reading.failures:
            self._write_series(reading)
        record = reading.record()
        self.out.write(record)
        self.counts.add(record)

    def _write_series(self, reading: Reading) -> None:
        """The masks of a series as a whole; what a format cannot hold is a failure of the input."""
        from tumorseg.delivery.outputs.nifti import write_nifti
        from tumorseg.delivery.outputs.seg import write_seg

        source, masks = reading.source, reading.masks
        try:
            if "nifti" in self.writer.formats:
                write_nifti(source, masks, self.out.series(source.name, "nii.gz"))
            if "seg" in self.writer.formats and source.kind == "dicom":
                write_seg(source, masks, self.out.series(source.name, "seg.dcm"), self.writer.classes)
        except UserError as error:
            reading.failures.append(without_folders(str(error)))


def add_to_digest(digest: "hashlib._Hash", given: InputSlice) -> None:
    """Add all that the files of a slice depend on."""
    about = f"{given.name}\n{given.greys.shape}\n{given.spacing}\n{given.warnings}\n"
    digest.update(about.encode())
    digest.update(np.ascontiguousarray(given.greys).data)
