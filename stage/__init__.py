"""The show: timeline, director, performance loop, fans, outputs and the command line."""
