"""The stage: it fills the picture, breathes with the music without flashing, and shows words and reactions."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import numpy as np
import pytest

from avatar.render import set_art, set_sprites
from avatar.render.enlarge import Enlarger
from avatar.render.scene import Reaction, SceneState

moderngl = pytest.importorskip("moderngl")

from avatar.render.stage_set import SETS, StageSet, light_colour  # noqa: E402

pytestmark = pytest.mark.gl
SIZE = (320, 180)
KINDS = ["heart", "star", "clap", "fire", "laugh", "note"]


@pytest.fixture(scope="module")
def ctx() -> Iterator[object]:
    try:
        context = moderngl.create_standalone_context(backend="egl")
    except Exception as error:
        pytest.skip(f"no OpenGL context here: {error}")
    yield context
    assert context.error == "GL_NO_ERROR"
    context.release()


def looking(eye: tuple[float, float, float], at: tuple[float, float, float]) -> np.ndarray:
    f = np.subtract(at, eye)
    f = f / np.linalg.norm(f)
    s = np.cross(f, [0.0, 1.0, 0.0])
    s /= np.linalg.norm(s)
    view = np.eye(4)
    view[:3, :3] = s, np.cross(s, f), -f
    view[:3, 3] = -view[:3, :3] @ np.array(eye)
    return view.astype(np.float32)


def perspective(fov: float = 28.0, aspect: float = 16 / 9, near: float = 0.1, far: float = 60.0) -> np.ndarray:
    t = 1.0 / math.tan(math.radians(fov) / 2)
    p = np.zeros((4, 4), np.float32)
    p[0, 0], p[1, 1], p[2, 2] = t / aspect, t, (far + near) / (near - far)
    p[2, 3], p[3, 2] = 2 * far * near / (near - far), -1.0
    return p


FULL = looking((0.0, 1.0, 3.9), (0.0, 0.85, 0.0))


class Bench:
    """A framebuffer and a set in it."""

    def __init__(self, ctx: object, size: tuple[int, int] = SIZE) -> None:
        self.ctx = ctx
        self.size = size
        self.target = ctx.framebuffer([ctx.texture(size, 4)], ctx.depth_renderbuffer(size))  # type: ignore[attr-defined]
        self.set = StageSet(ctx)

    def draw(self, scene: SceneState, view: np.ndarray = FULL, front: bool = True) -> np.ndarray:
        """The picture (h, w, 3) 0..1, top row first."""
        self.target.use()
        self.set.draw_back(scene, view, perspective(aspect=self.size[0] / self.size[1]), self.size)
        if front:
            self.set.draw_front(scene, self.size)
        w, h = self.size
        return np.frombuffer(self.target.read(components=3, alignment=1), np.uint8).reshape(h, w, 3)[::-1] / 255.0


@pytest.fixture(scope="module")
def bench(ctx: object) -> Iterator[Bench]:
    made = Bench(ctx)
    yield made
    made.set.release()


def luminance(picture: np.ndarray) -> np.ndarray:
    linear = np.where(picture <= 0.04045, picture / 12.92, ((picture + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("name", SETS)
def test_covers_the_picture_and_stays_behind_her(bench: Bench, name: str) -> None:
    bench.target.use()
    bench.target.clear(1.0, 0.0, 1.0, 1.0)
    picture = bench.draw(SceneState(backdrop=name, energy=1.0, beams=1.0, beat=1.0, bar=1.0, seconds=5.0))
    assert not ((picture[..., 0] > 0.9) & (picture[..., 1] < 0.1)).any()
    assert luminance(picture).mean() < 0.12
    assert np.percentile(luminance(picture), 99) < 0.6
    assert picture.std() > 0.02


@pytest.mark.parametrize("name", SETS)
def test_never_flashes(bench: Bench, name: str) -> None:
    """WCAG 2.3.1: no more than three pairs of opposing changes of a tenth of full luminance a second; here none."""
    frames = []
    for k in range(300):
        t = k / 30
        phase = t * 138 / 60
        scene = SceneState(backdrop=name, seconds=t, energy=1.0, beams=1.0, beat=math.exp(-4 * (phase % 1)),
                           bar=math.exp(-2 * (phase / 4 % 1)), hue=math.sin(t), led="hello")  # fmt: skip
        frames.append(luminance(bench.draw(scene))[::2, ::2].reshape(10, 9, 16, 10).mean(axis=(1, 3)))
    tiles = np.array(frames)
    # Once the words have come, no tile moves by a tenth and back within any third of a second.
    for first in range(30, len(tiles) - 10):
        part = tiles[first : first + 10]
        rise = (part - np.minimum.accumulate(part)).max(axis=0)
        fall = (np.maximum.accumulate(part) - part).max(axis=0)
        assert np.minimum(rise, fall).max() < 0.08
    assert np.abs(np.diff(tiles.mean(axis=(1, 2)))).max() > 1e-4


def swings(series: np.ndarray, least: float = 0.1) -> list[int]:
    """Frames at which a luminance has turned by ``least`` against its last extreme: two of them make a flash."""
    turns, low, high, rising = [], series[0], series[0], 0
    for k, value in enumerate(series):
        low, high = (min(low, value), max(high, value)) if rising == 0 else (low, high)
        if rising >= 0 and value < high - least:
            turns, rising, low = [*turns, k], -1, value
        elif rising <= 0 and value > low + least:
            turns, rising, high = [*turns, k], 1, value
        low, high = (min(low, value), high) if rising < 0 else (low, max(high, value)) if rising > 0 else (low, high)
    return turns


def test_a_flash_is_counted_as_one() -> None:
    assert len(swings(np.tile([0.0, 0.3], 10))) == 19
    assert len(swings(np.linspace(0, 1, 30))) == 1
    assert not swings(0.5 + 0.04 * np.sin(np.arange(60)))


@pytest.mark.parametrize("name", SETS)
def test_a_song_with_words_lights_and_cuts_stays_under_three_flashes_a_second(bench: Bench, name: str) -> None:
    """Everything at once: sections, beats, chords, lyrics by the line, reactions, a cut every two bars."""
    views = [FULL, looking((0.9, 1.2, 2.2), (0.3, 1.1, 0.0)), looking((-1.2, 1.5, 5.0), (0.0, 1.0, 0.0))]
    frames = []
    for k in range(240):
        t, phase = k / 30, k / 30 * 138 / 60
        scene = SceneState(backdrop=name, seconds=100 + t, energy=0.2 + 0.8 * (int(t) // 2 % 2), beams=0.9,
                           beat=math.exp(-4 * (phase % 1)), bar=math.exp(-2 * (phase / 4 % 1)),
                           hue=math.copysign(1, math.sin(3 * t)), led=f"line number {int(t / 1.7)}",
                           reactions=[Reaction(KINDS[j % 6], t % 3, j) for j in range(20)])  # fmt: skip
        picture = luminance(bench.draw(scene, views[int(phase / 8) % 3]))
        frames.append(picture.reshape(6, 30, 8, 40).mean(axis=(1, 3)).ravel())
    for tile in np.array(frames).T:
        turns = np.array(swings(tile))
        assert all(np.sum((turns >= k) & (turns < k + 30)) <= 6 for k in turns)


def test_even_a_beat_gone_wild_is_bounded(bench: Bench) -> None:
    low, high = (
        luminance(bench.draw(SceneState(seconds=k / 10, energy=1.0, beams=1.0, beat=float(k), bar=float(k))))
        for k in range(2)
    )
    assert np.abs(high - low).mean() < 0.05


def test_energy_opens_the_stage(bench: Bench) -> None:
    verse, chorus = (bench.draw(SceneState(seconds=3.0 + e, energy=e, beams=e)) for e in (0.2, 1.0))
    assert luminance(chorus).mean() > 1.3 * luminance(verse).mean()


def test_hue_turns_the_light() -> None:
    scene = SceneState()
    scene.hue = -1.0
    assert light_colour(scene) == pytest.approx(scene.palette[1])
    scene.hue = 1.0
    assert light_colour(scene) == pytest.approx(scene.palette[2])


def test_words_are_drawn_on_the_wall_and_made_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    real = set_art.lettering
    monkeypatch.setattr(set_art, "lettering", lambda text, side: made.append(text) or real(text, side))
    plain = bench.draw(SceneState(seconds=20.0))
    for k in range(12):
        words = bench.draw(SceneState(seconds=20.5 + k / 10, led="Paper cups"))
    assert made == ["Paper cups"]
    lit = (words - plain).max(axis=2) > 0.25
    assert 40 < lit.sum() < 0.1 * lit.size
    matrix = perspective() @ FULL
    her = np.array([[x, y, 0.0, 1.0] for x in (-0.2, 0.2) for y in (0.0, 1.6)]) @ matrix.T
    (left, low), (right, high) = (f(her[:, :2] / her[:, 3:], axis=0) for f in (np.min, np.max))
    columns = slice(int((left + 1) / 2 * SIZE[0]), int((right + 1) / 2 * SIZE[0]))
    assert not lit[int((1 - high) / 2 * SIZE[1]) :, columns].any(), "words behind her"
    assert low < 0


def test_words_that_would_be_cut_are_not_shown(bench: Bench) -> None:
    close = looking((0.0, 1.0, 1.0), (0.0, 1.0, 0.0))
    bench.draw(SceneState(seconds=70.0, led="Paper cups and satellites"), close)
    words = bench.draw(SceneState(seconds=71.0, led="Paper cups and satellites"), close)
    np.testing.assert_allclose(words, bench.draw(SceneState(seconds=71.0), close), atol=0.01)


def test_any_text_can_be_lettered() -> None:
    for text in ("", "   ", "a", "星に願いを", "x" * 500, "two words " * 30, "\n\t\0"):
        assert set_art.lettering(text).shape == (set_art.TEXT_SIZE[1], set_art.TEXT_SIZE[0], 2)
    assert set_art.lettering("wide").max() == 255


def test_reactions_rise_at_the_sides_and_leave_the_face_free(bench: Bench) -> None:
    scene = SceneState(seconds=30.0)
    calm = bench.draw(scene)
    scene.reactions = [Reaction(KINDS[k % 6], 0.3 + 0.1 * (k % 30), k) for k in range(60)]
    busy = bench.draw(scene)
    changed = np.abs(busy - calm).max(axis=2) > 0.05
    w = SIZE[0]
    assert changed.mean() > 0.01
    assert not changed[:, int(w * 0.36) : int(w * 0.64)].any()


def test_reactions_are_bounded_and_bad_ones_ignored() -> None:
    rows = np.zeros((set_sprites.REACTIONS, set_sprites.WIDTH), np.float32)
    many = [Reaction("heart", 1.0, k) for k in range(500)]
    assert set_sprites.reactions(many, 16 / 9, rows) == set_sprites.REACTIONS
    bad = [Reaction("virus", 1.0, 1), Reaction("heart", -1.0, 1), Reaction("heart", 1e9, 1),
           Reaction("heart", float("nan"), 1)]  # fmt: skip
    assert set_sprites.reactions(bad, 16 / 9, rows) == 0
    early, late = (rows[0].copy() for age in (0.5, 2.5) if set_sprites.reactions([Reaction("star", age, 3)], 1.7, rows))
    assert late[1] > early[1] + 0.4


def test_moving_the_camera_moves_near_and_far_differently(bench: Bench) -> None:
    """The ring on the floor is nearer than the wall, so it shifts more."""
    here, there = (
        bench.draw(SceneState(seconds=50.0, energy=0.9), looking((x, 1.0, 3.9), (x, 0.85, 0.0)), front=False)
        for x in (0.0, 0.25)
    )

    def shift(rows: slice) -> int:
        a, b = here[rows, 60:260].sum(axis=2), there[rows]
        scores = [np.abs(a - b[:, 60 - d : 260 - d].sum(axis=2)).mean() for d in range(-5, 60)]
        return int(np.argmin(scores)) - 5

    assert 0 < shift(slice(30, 80)) < shift(slice(150, 178))


def test_a_still_camera_is_cheap(ctx: object) -> None:
    big = Bench(ctx, (1280, 720))
    scene = SceneState(energy=0.9, beams=0.9, led="hello")
    for moment in (0.0, 0.1):
        scene.seconds = moment
        big.draw(scene)
    start = time.process_time()
    for _ in range(30):
        scene.seconds += 1 / 30
        big.target.use()
        big.set.draw_back(scene, FULL, perspective(), big.size)
        big.set.draw_front(scene, big.size)
        big.ctx.finish()  # type: ignore[attr-defined]
    assert (time.process_time() - start) / 30 < 0.012
    big.set.release()


def test_plain_and_unknown_backdrops(bench: Bench) -> None:
    plain = bench.draw(SceneState(backdrop="plain"))
    np.testing.assert_allclose(plain[0, 0], np.array([200, 210, 220]) / 255, atol=0.003)
    known = bench.draw(SceneState(backdrop="stars", seconds=60.0))
    np.testing.assert_array_equal(bench.draw(SceneState(backdrop="no such set", seconds=60.0)), known)


def test_follows_a_new_size(ctx: object) -> None:
    made = Bench(ctx, (200, 300))
    assert made.draw(SceneState()).shape == (300, 200, 3)
    made.size = (300, 200)
    made.target = ctx.framebuffer([ctx.texture(made.size, 4)])  # type: ignore[attr-defined]
    assert made.draw(SceneState())[0, -1].max() > 0.0
    made.set.release()


def test_a_kept_backdrop_follows_the_camera_and_a_cut_at_once(ctx: object) -> None:
    def picture(*frames: tuple[float, np.ndarray]) -> np.ndarray:
        bench = Bench(ctx)
        try:
            for seconds, view in frames:
                shown = bench.draw(SceneState(backdrop="stars", seconds=seconds), view)
            return 255 * shown
        finally:
            bench.set.release()

    near = looking((0.6, 1.2, 2.2), (0.0, 1.2, 0.0))
    cut = picture((0.0, FULL), (1 / 30, near))
    assert np.abs(cut - picture((1 / 30, near))).max() <= 2
    # A drift too small to be seen keeps the backdrop; it comes after when it has grown.
    drifts = [(k / 30, looking((0.004 * k, 1.0, 3.9), (0.0, 0.85, 0.0))) for k in range(40)]
    assert np.abs(picture(*drifts) - picture(drifts[-1])).mean() < 1.0


def test_enlarging_on_the_processor_is_what_the_shader_does(ctx: object) -> None:
    small = np.random.default_rng(3).integers(0, 255, (23, 40, 4), np.uint8)
    small[..., 3] = 255
    for size in ((160, 92), (154, 88)):
        enlarger = Enlarger((40, 23), size)
        enlarger.pixels[:] = small
        made = StageSet(ctx)  # type: ignore[arg-type]
        texture = ctx.texture((40, 23), 4, small.tobytes())  # type: ignore[attr-defined]
        texture.repeat_x = texture.repeat_y = False
        target = ctx.framebuffer([ctx.texture(size, 4)])  # type: ignore[attr-defined]
        target.use()
        ctx.viewport = (0, 0, *size)  # type: ignore[attr-defined]
        texture.use(0)
        made._copy.render(moderngl.TRIANGLES, 3)
        drawn = np.frombuffer(target.read(components=4, alignment=1), np.uint8).reshape(size[1], size[0], 4)
        apart = np.abs(enlarger().astype(int) - drawn)
        assert apart.mean() < 1.5
        assert apart.max() <= 8
        made.release()
