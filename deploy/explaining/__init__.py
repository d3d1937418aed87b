"""Numbers explained to whoever disputes them: what is behind a lead's deadlines, and which leads are behind a row."""
