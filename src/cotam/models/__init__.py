"""Base codecs: the networks only. Streams are made one floor up, in `cotam.codec`."""
