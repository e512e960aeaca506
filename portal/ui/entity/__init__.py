"""The page of one entity: its tabs, now or as it was, and the buttons that ask for another look."""
