from schemas.compiled import places

__path__[:0] = places("streams")
