"""Ingestion: what is stored, brought in line with what the sources hold."""
