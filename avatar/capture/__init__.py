"""A person's motion: face and body from a camera, a file or other programs (VMC), as :class:`Person` for the performer.

Nothing here is needed for a show without a person; mediapipe is imported only when a picture is to be read.
"""

from avatar.capture.errors import CaptureError

__all__ = ["CaptureError"]
