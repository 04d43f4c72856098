"""Every error that cotam raises on purpose, as one tree.

::

    CotamError                 base of all of them
    ├── BitstreamError         bytes that are no valid stream: truncated, altered, hostile
    │   ├── TruncatedError     a stream that ends before it is whole
    │   └── VersionError       a stream of a newer format version
    ├── ImageError             a file or array that is no picture cotam can take
    │   └── VideoError         a clip whose frames cannot be read
    ├── ModelError             unknown model, wrong or damaged weights
    ├── TrainingError          training data or a checkpoint that cannot be used
    ├── DatasetError           a data set, or files of a benchmark, that cannot be used
    └── InterruptedRunError    long work that was stopped, and can be taken up again

A mistake in the call itself (quality out of range, wrong type) stays ``ValueError`` or ``TypeError``.
The message names the file or argument and says what would be right; it is one line.
"""


class CotamError(Exception):
    """Base class of all errors of this package."""


class BitstreamError(CotamError):
    """The bytes are not a valid cotam stream."""


class TruncatedError(BitstreamError):
    """The stream ends before it is whole; what is there may be right."""


class VersionError(BitstreamError):
    """The stream is of a format version that this release does not know."""


class ImageError(CotamError):
    """The input is not a picture that can be encoded."""


class VideoError(ImageError):
    """The input is no clip whose frames can be read."""


class ModelError(CotamError):
    """A model is unknown, or its weights are missing, damaged or of another architecture."""


class TrainingError(CotamError):
    """Training data or a checkpoint cannot be used."""


class DatasetError(CotamError):
    """A data set cannot be used: pictures, shards, tables, answers, questions, a folder of exported scenes."""


class InterruptedRunError(CotamError):
    """Long work was stopped from outside; the message says how to go on."""
