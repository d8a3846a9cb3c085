"""Files of people: CSV, XLSX and vCard in, all of them out. Whatever a file holds, it is read within limits or refused by name."""

from services.contacts.wire.files.csv_files import csv_lines
from services.contacts.wire.files.limits import MOST_BYTES, MOST_ROWS, FileRefused
from services.contacts.wire.files.reading import Sheet, read
from services.contacts.wire.files.sheets import MOST_XLSX_ROWS, workbook
from services.contacts.wire.files.vcards import vcards

__all__ = ["MOST_BYTES", "MOST_ROWS", "MOST_XLSX_ROWS", "FileRefused", "Sheet", "csv_lines", "read", "vcards", "workbook"]
