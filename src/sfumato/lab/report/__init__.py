"""The report on an experiment: one page that opens anywhere, and its trials as tables for other programs."""

from sfumato.lab.report.files import PAGE, write

__all__ = ["PAGE", "write"]
