"""Invoices and payments: numbers, tax, what is owed, and the PDF as issued."""
