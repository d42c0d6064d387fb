"""The sound: score, composer, voice, instruments, engine, mix. Knows no picture."""
