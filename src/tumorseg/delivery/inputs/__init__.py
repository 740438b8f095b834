"""Inputs of `predict`: pictures, DICOM series and NIfTI volumes as slices in grey."""

from tumorseg.delivery.inputs.find import find_sources
from tumorseg.delivery.inputs.source import InputSlice, Source

__all__ = ["InputSlice", "Source", "find_sources"]
