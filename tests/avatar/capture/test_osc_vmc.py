"""OSC and VMC against python-osc, an independent implementation; rubbish is refused, never raised."""

from __future__ import annotations

import random
import socket
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.capture.osc import OscError, bundle, decode, encode, packets
from avatar.capture.vmc import BLENDS, UNITY, Receiver, Sender
from avatar.motion.person import Person, modes
from avatar.rig.frame import BONE_INDEX, HUMANOID_BONES, PoseFrame

osc_packet = pytest.importorskip("pythonosc.osc_packet", reason="python-osc is not installed")
from pythonosc.osc_message_builder import OscMessageBuilder  # noqa: E402

ARGUMENTS = st.lists(
    st.one_of(
        st.integers(-(2**31), 2**31 - 1),
        st.floats(width=32, allow_nan=False),
        st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=12),
        st.binary(min_size=1, max_size=9),
        st.booleans(),
    ),
    max_size=6,
)


def theirs(data: bytes) -> list[tuple[str, list[object]]]:
    return [(m.message.address, m.message.params) for m in osc_packet.OscPacket(data).messages]


@settings(max_examples=80, deadline=None)
@given(ARGUMENTS)
def test_messages_go_both_ways(values: list[object]) -> None:
    data = encode("/a/b", *values)  # type: ignore[arg-type]
    assert theirs(data) == [("/a/b", values)]
    builder = OscMessageBuilder("/a/b")
    for value in values:
        builder.add_arg(value, "f" if isinstance(value, float) else None)
    assert decode(builder.build().dgram) == [("/a/b", tuple(values))]


def test_bundles_go_both_ways() -> None:
    data = bundle([encode("/x", 1), bundle([encode("/y", "ä", 2.5)])])
    assert decode(data) == [("/x", (1,)), ("/y", ("ä", 2.5))]
    assert sorted(theirs(data)) == [("/x", [1]), ("/y", ["ä", 2.5])]
    assert all(len(p) <= 1400 for p in packets([encode("/z", "q" * 100)] * 40))


def moment(seed: int = 1) -> PoseFrame:
    rng = np.random.default_rng(seed)
    frame = PoseFrame()
    turns = rng.normal(size=frame.rotations.shape)
    frame.rotations[:] = turns / np.linalg.norm(turns, axis=1, keepdims=True)
    frame.hips[:] = (0.1, -0.05, 0.2)
    frame.expressions = {"aa": 0.5, "happy": 0.25, "blinkLeft": 1.0, "smile": 0.75}
    return frame


def test_round_trip_over_udp_through_another_implementation() -> None:
    """Our packets are read by python-osc, written anew by it, sent over a socket and read by us."""
    rest = dict.fromkeys(HUMANOID_BONES, (0.0, 0.1, 0.0)) | {"hips": (0.0, 0.8, 0.0)}
    frame = moment()
    camera = Person(camera=((0.5, 1.2, 3.0), (0.0, 1.0, 0.0), 30.0))
    receiver = Receiver(["aa", "happy", "blinkLeft", "smile"], 0.8)
    receiver.feed(encode("/VMC/Ext/Bone/Pos", "Hips", 0.0, 0.8, 0.0, 0.0, 0.0, 0.0, 1.0))
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here,
    ):
        there.bind(("127.0.0.1", 0))
        there.settimeout(2)
        for packet in Sender(rest).packets(frame, 12.5, camera):
            for address, values in theirs(packet):
                builder = OscMessageBuilder(address)
                for value in values:
                    builder.add_arg(value)
                here.sendto(builder.build().dgram, there.getsockname())
                assert receiver.feed(there.recv(65535))
    person = receiver.person
    signs = np.sign((person.rotations * frame.rotations).sum(1, keepdims=True))
    np.testing.assert_allclose(person.rotations * signs, frame.rotations, atol=1e-5)
    np.testing.assert_allclose(person.hips, frame.hips, atol=1e-5)
    assert person.expressions == pytest.approx(frame.expressions)
    assert receiver.time == 12.5
    assert receiver.refused == 0
    assert person.camera is not None
    position, target, fov = person.camera
    assert position == pytest.approx((0.5, 1.2, 3.0), abs=1e-5)
    away = np.subtract(target, position)
    wanted = np.subtract((0.0, 1.0, 0.0), position)
    assert away @ wanted / np.linalg.norm(away) / np.linalg.norm(wanted) > 0.9999
    assert fov == pytest.approx(30.0)


def test_unity_names_and_axes() -> None:
    assert UNITY["leftThumbMetacarpal"] == "LeftThumbProximal"
    assert UNITY["leftThumbProximal"] == "LeftThumbIntermediate"
    assert BLENDS["aa"] == "A"
    receiver = Receiver([], 1.0)
    # Unity: a quarter turn about +Y turns the face from +Z to +X, which is the performer's right.
    s = float(np.sqrt(0.5))
    receiver.feed(encode("/VMC/Ext/Bone/Pos", "Head", 0.0, 0.0, 0.0, 0.0, s, 0.0, s))
    np.testing.assert_allclose(receiver.person.rotations[BONE_INDEX["head"]], [0, -s, 0, s], atol=1e-6)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**31))
def test_rubbish_is_counted_not_raised(seed: int) -> None:
    rng = random.Random(seed)
    good = bytearray(Sender({"hips": (0.0, 0.8, 0.0), "head": (0, 0.1, 0)}).packets(moment(), 1.0)[0])
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(good))
        good[at : at + rng.choice((0, 1, 4))] = rng.choice(
            (b"", b"\xff\xff\xff\xff", b"\0", struct.pack(">f", float("nan")))
        )
        if not good:
            good = bytearray(b"/")
    receiver = Receiver(["aa"], 0.8)
    receiver.feed(bytes(good))
    assert np.isfinite(receiver.person.rotations).all()
    assert np.isfinite(receiver.person.hips).all()


def test_what_is_not_osc_is_an_error() -> None:
    for data in (
        b"",
        b"abc",
        b"/a",
        b"/a\0\0,s\0\0",
        b"#bundle\0" + b"\0" * 8 + struct.pack(">i", 99),
        b"/a\0\0,q\0\0",
    ):
        with pytest.raises(OscError):
            decode(data)


def test_modes_by_layer() -> None:
    assert modes("mixed")["camera"] == "ai"
    chosen = modes("person,mouth=ai,camera=person")
    assert (chosen["head"], chosen["mouth"], chosen["camera"]) == ("person", "ai", "person")
    with pytest.raises(ValueError, match="nobody"):
        modes("head=nobody")
