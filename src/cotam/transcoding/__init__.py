"""Whole data sets to ``.cotam`` streams: folders, WebDataset shards and Parquet files, on one machine or on Ray.

`transcode` does it. Whatever reads and codes the pictures, one process writes the streams, which are small, and a
manifest with a line for each of them; so an interrupted run goes on where it was.
"""

from cotam.transcoding.coding import Coding
from cotam.transcoding.running import Report, transcode

__all__ = ["Coding", "Report", "transcode"]
