"""Who performs: character definitions, personas and the characters that ship."""
