"""mediapipe's landmarkers behind one small class. mediapipe is imported here and nowhere else."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from avatar.capture.errors import CaptureError
from avatar.capture.posture import upper_body
from avatar.capture.scores import SCORE
from avatar.capture.source import Picture
from avatar.capture.tracker import Reading


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The C++ side of mediapipe talks to stderr while it starts; a user has no use for it."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


class Landmarker:
    """Reads faces (and upper bodies) from pictures. ``moving``: pictures are a film, and times grow."""

    def __init__(self, face: Path, pose: Path | None = None, moving: bool = True) -> None:
        try:
            import mediapipe as mp
            from mediapipe.tasks import python as tasks
            from mediapipe.tasks.python import vision
        except ImportError as error:
            raise CaptureError(
                f"mediapipe is needed to read faces ({error}). Install it: pip install 'limelight[capture]'."
            ) from None
        self._mp, self._moving = mp, moving
        mode = vision.RunningMode.VIDEO if moving else vision.RunningMode.IMAGE
        try:
            with _quiet():
                self._face = vision.FaceLandmarker.create_from_options(vision.FaceLandmarkerOptions(
                    base_options=tasks.BaseOptions(model_asset_path=str(face)), running_mode=mode, num_faces=1,
                    output_face_blendshapes=True, output_facial_transformation_matrixes=True))  # fmt: skip
                self._pose = vision.PoseLandmarker.create_from_options(vision.PoseLandmarkerOptions(
                    base_options=tasks.BaseOptions(model_asset_path=str(pose)), running_mode=mode, num_poses=1,
                )) if pose else None  # fmt: skip
        except (RuntimeError, ValueError, OSError) as error:
            reason = " ".join(str(error).split())[:120]
            raise CaptureError(f"{pose or face}: mediapipe cannot use this model ({reason}). Fetch it again.") from None
        self._warm = False
        self._last = -1

    def read(self, seconds: float, picture: Picture) -> Reading:
        """What is seen in a picture (h, w, 3) uint8 RGB."""
        # mediapipe takes rows to follow each other without gaps, whatever the array says.
        image = self._mp.Image(image_format=self._mp.ImageFormat.SRGB, data=np.ascontiguousarray(picture))
        stamp = self._last = max(self._last + 1, round(seconds * 1000))
        with contextlib.nullcontext() if self._warm else _quiet():
            face = self._face.detect_for_video(image, stamp) if self._moving else self._face.detect(image)
            pose = None
            if self._pose is not None:
                pose = self._pose.detect_for_video(image, stamp) if self._moving else self._pose.detect(image)
        self._warm = True
        reading = Reading(seconds, bool(face.face_blendshapes and face.facial_transformation_matrixes))
        if reading.found:
            for category in face.face_blendshapes[0]:
                at = SCORE.get(category.category_name)
                if at is not None:
                    reading.scores[at] = category.score
            reading.head = _turn(face.facial_transformation_matrixes[0])
        if pose is not None and pose.pose_world_landmarks:
            marks = np.array([(m.x, m.y, m.z, m.visibility or 0.0) for m in pose.pose_world_landmarks[0]])
            reading.body, reading.seen = upper_body(marks)
        return reading

    def close(self) -> None:
        """Let go of the models."""
        self._face.close()
        if self._pose is not None:
            self._pose.close()


def _turn(matrix: Any) -> Any:
    """Rotation (x, y, z, w) of a facial transformation: the head towards the camera, in the axes of VRM 1.0.

    mediapipe's camera looks along -Z with X to the right of the picture, where a facing person's left is: the axes of
    a model that faces +Z.
    """
    from scipy.spatial.transform import Rotation

    m = np.array(matrix, float)[:3, :3]
    return Rotation.from_matrix(m / np.maximum(np.linalg.norm(m, axis=0), 1e-9)).as_quat()
