"""What each page shows, as frozen values made by plain functions: no Flask, no SQL, no HTML."""
