"""Operations: what is read and fetched, what waits for a decision, and who has access."""
