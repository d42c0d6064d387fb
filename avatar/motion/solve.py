"""From degrees of freedom to bone rotations: two-bone inverse kinematics for arms and legs, in plain floats.

Everything is computed for the left side in a frame with x outward; the right side is its mirror image, which
for a quaternion means changing the sign of y and z.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from avatar.motion.dofs import INDEX, LEFT, RIGHT, Proportions, Vector
from avatar.rig.frame import BONE_INDEX

Quaternion = tuple[float, float, float, float]
Triple = tuple[float, float, float]
Rotations = npt.NDArray[np.float32]

_ELBOW = (0.36, -0.54, -0.76)
"""Where an elbow likes to point in left-arm space: down, back and a little out (unit length)."""

WRIST = {"twist": (-90.0, 110.0), "flex": (-68.0, 72.0), "dev": (-34.0, 30.0)}
"""Limits of forearm and wrist in degrees; a little inside the human ones (AAOS)."""
LIMITS = {"spine.pitch": 45.0, "spine.yaw": 40.0, "spine.roll": 28.0, "head.pitch": 40.0, "head.yaw": 65.0,
          "head.roll": 32.0}  # fmt: skip
_REACH_LIMIT = 0.988
_SPINE = (("spine", 0.42), ("chest", 0.36), ("upperChest", 0.22))
_NECK = (("neck", 0.4), ("head", 0.6))


def multiply(a: Quaternion, b: Quaternion) -> Quaternion:
    """Hamilton product of (x, y, z, w) quaternions: first ``b``, then ``a``."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def conjugate(q: Quaternion) -> Quaternion:
    """The inverse rotation of a unit quaternion."""
    return (-q[0], -q[1], -q[2], q[3])


def rotate(q: Quaternion, v: Triple) -> Triple:
    """``v`` turned by ``q``."""
    x, y, z, w = q
    tx = 2.0 * (y * v[2] - z * v[1])
    ty = 2.0 * (z * v[0] - x * v[2])
    tz = 2.0 * (x * v[1] - y * v[0])
    return (
        v[0] + w * tx + y * tz - z * ty,
        v[1] + w * ty + z * tx - x * tz,
        v[2] + w * tz + x * ty - y * tx,
    )


def euler(pitch: float, yaw: float, roll: float) -> Quaternion:
    """Degrees to a quaternion: yaw, then pitch, then roll inside; roll > 0 leans to +X."""
    p, y, r = pitch * 0.008726646, yaw * 0.008726646, -roll * 0.008726646
    cp, sp, cy, sy, cr, sr = math.cos(p), math.sin(p), math.cos(y), math.sin(y), math.cos(r), math.sin(r)
    return (
        sp * cy * cr + cp * sy * sr,
        cp * sy * cr - sp * cy * sr,
        cp * cy * sr - sp * sy * cr,
        cp * cy * cr + sp * sy * sr,
    )


def _cross(a: Triple, b: Triple) -> Triple:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def _unit(v: Triple, otherwise: Triple = (0.0, 0.0, 1.0)) -> Triple:
    n = math.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2])
    return (v[0] / n, v[1] / n, v[2] / n) if n > 1e-9 else otherwise


def _from_columns(x: Triple, y: Triple, z: Triple) -> Quaternion:
    """Quaternion of the rotation whose matrix has these columns (Shepperd's method)."""
    trace = x[0] + y[1] + z[2]
    if trace > 0.0:
        s = 2.0 * math.sqrt(trace + 1.0)
        return ((y[2] - z[1]) / s, (z[0] - x[2]) / s, (x[1] - y[0]) / s, 0.25 * s)
    if x[0] > y[1] and x[0] > z[2]:
        s = 2.0 * math.sqrt(1.0 + x[0] - y[1] - z[2])
        return (0.25 * s, (y[0] + x[1]) / s, (z[0] + x[2]) / s, (y[2] - z[1]) / s)
    if y[1] > z[2]:
        s = 2.0 * math.sqrt(1.0 + y[1] - x[0] - z[2])
        return ((y[0] + x[1]) / s, 0.25 * s, (z[1] + y[2]) / s, (z[0] - x[2]) / s)
    s = 2.0 * math.sqrt(1.0 + z[2] - x[0] - y[1])
    return ((z[0] + x[2]) / s, (z[1] + y[2]) / s, 0.25 * s, (x[1] - y[0]) / s)


def arm_frames(
    az: float, el: float, r: float, swivel: float, body: Proportions, tilt: Triple = (0.0, 0.0, 0.0)
) -> tuple[Quaternion, float, Quaternion]:
    """Upper arm rotation and elbow bend (radians) in chest space, and the forearm's rotation before twist.

    ``tilt`` is a small rotation vector (radians) that the arm does not follow, so that a hanging arm hangs.
    """
    a, e = math.radians(az), math.radians(el)
    ce = math.cos(e)
    d: Triple = (ce * math.sin(a), math.sin(e), ce * math.cos(a))
    if tilt != (0.0, 0.0, 0.0):
        c = _cross(tilt, d)
        d = _unit((d[0] - c[0], d[1] - c[1], d[2] - c[2]))
    u, f = body.upper_arm, body.forearm
    reach = min(max(r * (u + f), abs(u - f) + 0.12 * (u + f)), _REACH_LIMIT * (u + f))
    along = (u * u - f * f + reach * reach) / (2.0 * reach)
    off = math.sqrt(max(u * u - along * along, 0.0))
    dot = _ELBOW[0] * d[0] + _ELBOW[1] * d[1] + _ELBOW[2] * d[2]
    p0 = _unit((_ELBOW[0] - dot * d[0], _ELBOW[1] - dot * d[1], _ELBOW[2] - dot * d[2]))
    side = _cross(d, p0)
    s = math.radians(swivel)
    cs, ss = math.cos(s), math.sin(s)
    p = (p0[0] * cs + side[0] * ss, p0[1] * cs + side[1] * ss, p0[2] * cs + side[2] * ss)
    upper = _unit((along * d[0] + off * p[0], along * d[1] + off * p[1], along * d[2] + off * p[2]))
    fore = _unit((reach * d[0] - u * upper[0], reach * d[1] - u * upper[1], reach * d[2] - u * upper[2]))
    hinge = _unit(_cross(d, p))
    bend = math.acos(min(1.0, max(-1.0, upper[0] * fore[0] + upper[1] * fore[1] + upper[2] * fore[2])))
    return (
        _from_columns(upper, hinge, _cross(upper, hinge)),
        bend,
        _from_columns(fore, hinge, _cross(fore, hinge)),
    )


def wrist_angles(forearm: Quaternion, fingers: Triple, palm: Triple) -> tuple[float, float, float]:
    """(twist, flex, dev) in degrees that point the fingers and the palm as asked, as far as a wrist can."""
    x = _unit(fingers)
    dot = palm[0] * x[0] + palm[1] * x[1] + palm[2] * x[2]
    y = _unit((dot * x[0] - palm[0], dot * x[1] - palm[1], dot * x[2] - palm[2]))
    back = conjugate(forearm)
    cx, cy, cz = rotate(back, x), rotate(back, y), rotate(back, _cross(x, y))
    # M = Rx(a) Rz(b) Ry(c); columns cx, cy, cz of M.
    b = math.asin(min(1.0, max(-1.0, -cy[0])))
    c = math.atan2(cz[0], cx[0])
    a = math.atan2(cy[2], cy[1])
    asked = {"twist": -math.degrees(a), "flex": -math.degrees(b), "dev": -math.degrees(c)}
    low_high = [min(max(asked[n], WRIST[n][0]), WRIST[n][1]) for n in ("twist", "flex", "dev")]
    return low_high[0], low_high[1], low_high[2]


def _about(axis: int, degrees: float) -> Quaternion:
    h = degrees * 0.008726646
    s, c = math.sin(h), math.cos(h)
    return (s, 0.0, 0.0, c) if axis == 0 else (0.0, s, 0.0, c) if axis == 1 else (0.0, 0.0, s, c)


_FINGERS = tuple(
    tuple(BONE_INDEX[f"{side}{finger}{part}"] for finger in ("Index", "Middle", "Ring", "Little")
          for part in ("Proximal", "Intermediate", "Distal"))
    for side in ("left", "right")
)  # fmt: skip
_FINGER_ROWS = [np.array(rows, np.intp) for rows in _FINGERS]
_CURL = np.repeat(np.arange(4), 3)
_SHARE = np.tile(np.radians([72.0, 92.0, 58.0]) * 0.5, 4)
_FAN = np.radians([-9.0, 0, 0, -2.0, 0, 0, 4.0, 0, 0, 11.0, 0, 0]) * 0.5


def _fingers(out: Rotations, left: bool, curls: Vector, spread: float) -> None:
    """Four fingers at once: curl about the knuckles, spread at the first joint."""
    curl = curls[_CURL] * _SHARE
    fan = _FAN * (spread - 0.15)
    sign = 1.0 if left else -1.0
    quaternions = np.empty((12, 4), np.float32)
    sz, cz, sy, cy = np.sin(curl), np.cos(curl), np.sin(fan), np.cos(fan)
    quaternions[:, 0] = -sy * sz
    quaternions[:, 1] = sign * sy * cz
    quaternions[:, 2] = -sign * cy * sz
    quaternions[:, 3] = cy * cz
    out[_FINGER_ROWS[0 if left else 1]] = quaternions


def _arm(out: Rotations, left: bool, dof: list[float], girdle: tuple[float, float], tilt: Triple,
         body: Proportions) -> None:  # fmt: skip
    az, el, r, swivel, twist, flex, dev = dof[:7]
    side = "left" if left else "right"
    # An arm that hangs follows gravity, a raised one the chest.
    hang = min(1.0, max(0.0, (-el - 25.0) / 40.0))
    turn = (tilt[0] * hang, tilt[1] * hang, (tilt[2] if left else -tilt[2]) * hang)
    upper, bend, _ = arm_frames(az, el, r, swivel, body, turn)
    lift = min(1.0, max(0.0, (el + 5.0) / 85.0))
    raise_, forward = girdle[0] + 24.0 * lift * lift * (3.0 - 2.0 * lift), girdle[1]
    clavicle = multiply(_about(1, -forward), _about(2, raise_))
    twist = min(max(twist, WRIST["twist"][0]), WRIST["twist"][1])
    fore = multiply(_about(1, -math.degrees(bend)), _about(0, -twist * 0.55))
    hand = multiply(
        multiply(_about(0, -twist * 0.45), _about(2, -min(max(flex, WRIST["flex"][0]), WRIST["flex"][1]))),
        _about(1, -min(max(dev, WRIST["dev"][0]), WRIST["dev"][1])),
    )
    thumb = dof[7]
    parts = {
        "Shoulder": clavicle,
        "UpperArm": multiply(conjugate(clavicle), upper),
        "LowerArm": fore,
        "Hand": hand,
        "ThumbMetacarpal": multiply(_about(1, 22.0 * thumb - 8.0), _about(0, -18.0 * thumb)),
        "ThumbProximal": _about(1, 38.0 * thumb),
        "ThumbDistal": _about(1, 48.0 * thumb),
    }
    for part, (x, y, z, w) in parts.items():
        out[BONE_INDEX[side + part]] = (x, y, z, w) if left else (x, -y, -z, w)


def _leg(out: Rotations, left: bool, hips: Quaternion, pelvis: Triple, foot: Triple, heel: float,
         body: Proportions) -> None:  # fmt: skip
    sign = 1.0 if left else -1.0
    # Mirror into left space: x and the rotations about y and z change sign.
    h = hips if left else (hips[0], -hips[1], -hips[2], hips[3])
    px, fx = pelvis[0] * sign, foot[0] * sign
    socket = rotate(h, (body.hip_half, -body.hip_drop, 0.0))
    rise = math.sin(math.radians(heel)) * body.foot
    ankle = (body.hip_half * 1.12 + fx, body.ankle_height + foot[1] + rise, foot[2] + rise * 0.35)
    hip_joint = (px + socket[0], body.hip_height + pelvis[1] + socket[1], pelvis[2] + socket[2])
    back = conjugate(h)
    v = rotate(back, (ankle[0] - hip_joint[0], ankle[1] - hip_joint[1], ankle[2] - hip_joint[2]))
    t, s = body.thigh, body.shank
    reach = min(max(math.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]), 0.4 * (t + s)), 0.9995 * (t + s))
    d = _unit(v, (0.0, -1.0, 0.0))
    along = (t * t - s * s + reach * reach) / (2.0 * reach)
    off = math.sqrt(max(t * t - along * along, 0.0))
    hinge = _unit(_cross(rotate(back, (0.16, 0.0, 0.987)), d), (1.0, 0.0, 0.0))
    p = _cross(d, hinge)
    upper = _unit((along * d[0] + off * p[0], along * d[1] + off * p[1], along * d[2] + off * p[2]))
    lower = _unit((reach * d[0] - t * upper[0], reach * d[1] - t * upper[1], reach * d[2] - t * upper[2]))
    y_axis = (-upper[0], -upper[1], -upper[2])
    thigh = _from_columns(hinge, y_axis, _cross(hinge, y_axis))
    bend = math.acos(min(1.0, max(-1.0, upper[0] * lower[0] + upper[1] * lower[1] + upper[2] * lower[2])))
    shank = _about(0, math.degrees(bend))
    ground = multiply(_about(1, 9.0), _about(0, heel))
    sole = multiply(conjugate(multiply(h, multiply(thigh, shank))), ground)
    side = "left" if left else "right"
    parts = {"UpperLeg": thigh, "LowerLeg": shank, "Foot": sole, "Toes": _about(0, -heel)}
    for part, (x, y, z, w) in parts.items():
        out[BONE_INDEX[side + part]] = (x, y, z, w) if left else (x, -y, -z, w)


def solve(pose: Vector, body: Proportions, out: Rotations, hips_out: npt.NDArray[np.float32]) -> Triple:
    """Write a pose vector into bone rotations (55, 4) and hips offset (3,) in metres.

    Returns the head's (pitch, yaw, roll) in world space in degrees, for the eyes to compensate.
    """
    v = pose.tolist()
    for name, limit in LIMITS.items():
        i = INDEX[name]
        v[i] = min(max(v[i], -limit), limit)
    scale = body.hip_height
    pelvis = (v[0] * scale, v[1] * scale, v[2] * scale)
    hips_out[:] = pelvis
    hips = euler(v[3], v[4], v[5])
    out[BONE_INDEX["hips"]] = hips
    for bone, share in _SPINE:
        out[BONE_INDEX[bone]] = euler(v[6] * share, v[7] * share, v[8] * share)
    for bone, share in _NECK:
        out[BONE_INDEX[bone]] = euler(v[9] * share, v[10] * share, v[11] * share)
    tilt = (math.radians(v[3] + v[6]), 0.0, -math.radians(v[5] + v[8]))
    _arm(out, True, v[LEFT], (v[12], v[13]), tilt, body)
    _arm(out, False, v[RIGHT], (v[14], v[15]), tilt, body)
    _fingers(out, True, pose[LEFT.start + 8 : LEFT.start + 12], v[LEFT.start + 12])
    _fingers(out, False, pose[RIGHT.start + 8 : RIGHT.start + 12], v[RIGHT.start + 12])
    _leg(out, True, hips, pelvis, (v[18] * scale, v[19] * scale, v[20] * scale), v[16], body)
    _leg(out, False, hips, pelvis, (v[21] * scale, v[22] * scale, v[23] * scale), v[17], body)
    return (v[3] + v[6] + v[9], v[4] + v[7] + v[10], v[5] + v[8] + v[11])
