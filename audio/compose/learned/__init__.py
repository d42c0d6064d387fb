"""A learned voice among the rules: a small transformer that proposes melodies, and what it was trained on."""
