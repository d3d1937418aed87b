"""The board: one page that the worker serves, of its sales floor live, the leads behind a number, and its letters."""
