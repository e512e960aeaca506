"""How the catalog is written: what an ingestion found and what people decided, served."""
