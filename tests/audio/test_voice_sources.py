"""Speech models and voicebanks as voices: real files made here, read by the real loaders."""

from __future__ import annotations

import ctypes.util
import json
import random
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.voice import Spoken, Sung, SungNote, VoiceSettings, analysis, kana, neural, open_voice, utau
from audio.voice.recorded import RecordedBank
from audio.voice.source import VoiceError
from audio.voice.utaubank import UtauBank

HELLO = (("hello", ("HH", "AH0", "L", "OW1")), ("rain", ("R", "EY1", "N")))
TUNE = Sung(tuple(SungNote(i * 24_000, 24_000, 62 + 2 * i, word) for i, word in enumerate(("hel-", "lo", "rain"))))


def tone(hertz: float, seconds: float, rate: int = 44_100) -> np.ndarray:
    """A buzz with the formants of an "ah"."""
    t = np.arange(round(seconds * rate)) / rate
    partials = range(1, int(7000 / hertz))
    level = {
        k: 1 / (1 + ((k * hertz - 700) / 300) ** 2) + 0.4 / (1 + ((k * hertz - 1200) / 300) ** 2) for k in partials
    }
    return 0.2 * sum(level[k] * np.sin(2 * np.pi * k * hertz * t) for k in partials)


@pytest.mark.parametrize("hertz", [90.0, 220.0, 440.0])
def test_analysis_finds_pitch_and_formants(hertz: float) -> None:
    pcm = analysis.resampled(tone(hertz, 0.6), 44_100)
    f0 = analysis.pitch(pcm)
    assert np.median(f0[10:-10]) == pytest.approx(hertz, rel=0.002)
    rows = analysis.envelope(pcm, f0)[20:-20] @ analysis.spread(1.0)
    peak = np.argmax(rows.mean(axis=0)[:100]) * 24_000 / 1024
    assert peak == pytest.approx(700, abs=max(120, hertz / 2))
    assert analysis.voicing(pcm, f0)[20:-20, 0].mean() > 0.9
    noise = np.random.default_rng(1).standard_normal(24_000)
    assert (analysis.pitch(noise) > 0).mean() < 0.3


@pytest.fixture(scope="module")
def vits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny VITS model with random weights, saved as transformers saves one."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = tmp_path_factory.mktemp("vits")
    (folder / "vocab.json").write_text(json.dumps({c: i for i, c in enumerate("_ abcdefghijklmnopqrstuvwxyz'")}))
    transformers.VitsTokenizer(str(folder / "vocab.json"), pad_token="_", phonemize=False).save_pretrained(folder)
    torch.manual_seed(3)
    config = transformers.VitsConfig(
        vocab_size=29, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, ffn_dim=16, flow_size=16,
        spectrogram_bins=9, upsample_initial_channel=16, upsample_rates=[8, 8], upsample_kernel_sizes=[16, 16],
        resblock_kernel_sizes=[3], resblock_dilation_sizes=[[1]], prior_encoder_num_flows=1,
        posterior_encoder_num_wavenet_layers=1, prior_encoder_num_wavenet_layers=1, duration_predictor_num_flows=1,
        duration_predictor_filter_channels=16, depth_separable_num_layers=1, use_stochastic_duration_prediction=False,
        sampling_rate=16_000, speaking_rate=0.05,
    )  # fmt: skip
    transformers.VitsModel(config).save_pretrained(folder)
    return folder


def test_vits_durations_place_the_phones(vits: Path) -> None:
    source = neural.VitsSource(str(vits))
    said, again = source.speak(HELLO), source.speak(HELLO)
    assert said.pcm.tobytes() == again.pcm.tobytes()
    assert [p.symbol for p in said.phones] == ["HH", "AH", "L", "OW", "R", "EY", "N"]
    assert all(a.end <= b.start + 1e-9 and a.start < a.end for a, b in zip(said.phones, said.phones[1:]))
    # The model's own durations add up to its waveform: the last phone ends where the sound ends.
    assert said.phones[-1].end == pytest.approx(len(said.pcm) / said.rate, abs=2e-3)


def test_vits_speaks_and_sings_through_the_same_voice(vits: Path) -> None:
    voice = open_voice(VoiceSettings(bank=f"vits:{vits}"))
    assert voice.name.startswith("vits:")
    for phrase in (Spoken("Hello rain."), TUNE):
        layout = voice.layout(phrase)
        take = voice.render(layout)
        assert np.isfinite(take.pcm).all()
        assert len(take.pcm) == layout.end - layout.start
        assert take.pcm.any()
    sung = voice.layout(TUNE)
    for i, note in enumerate(TUNE.notes):
        vowel = next(p for p in sung.phones if p.note == i and p.viseme in ("aa", "E", "oh") and p.start >= note.start)
        assert vowel.start == note.start


def test_missing_models_are_announced(tmp_path: Path) -> None:
    for bank, what in ((f"vits:{tmp_path / 'none'}", "does not exist"), (f"vits:{tmp_path}", "not a VITS model"),
                       ("vits:", "names no place"), (f"utau:{tmp_path}", "oto.ini")):  # fmt: skip
        with pytest.warns(RuntimeWarning, match=what):
            assert open_voice(VoiceSettings(bank=bank)).name == "formant"


class FakePiper:
    """What piper's ``PiperVoice`` offers, around a sound instead of a network."""

    loaded: Path

    def __init__(self, samples: bool) -> None:
        ids = {c: [i] for i, c in enumerate("_^$ həˈloʊɹeɪn", 0)}
        self.config = types.SimpleNamespace(phoneme_id_map=ids, sample_rate=22_050)
        self.samples = samples

    def phoneme_ids_to_audio(self, ids: list[int], include_alignments: bool = False) -> object:
        lengths = np.full(len(ids), 400)
        return tone(200, len(ids) * 400 / 22_050, 22_050), lengths if self.samples else None


@pytest.mark.parametrize("samples", [True, False])
def test_piper(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, samples: bool) -> None:
    module = types.ModuleType("piper")
    module.PiperVoice = types.SimpleNamespace(load=lambda path, **how: FakePiper(samples))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "piper", module)
    model = tmp_path / "amy.onnx"
    with pytest.raises(VoiceError, match=r"amy\.onnx is missing"):
        neural.PiperSource(str(model))
    model.write_bytes(b"x")
    model.with_name("amy.onnx.json").write_text("{}")
    said = neural.PiperSource(str(model)).speak(HELLO)
    assert [p.symbol for p in said.phones] == ["HH", "AH", "L", "OW", "R", "EY", "N"]
    assert all(a.start < a.end <= b.start + 1e-9 for a, b in zip(said.phones, said.phones[1:]))
    bank = RecordedBank(neural.PiperSource(str(model)))
    assert bank.pitch == pytest.approx(69 + 12 * np.log2(200 / 440), abs=0.2)


def test_kokoro(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Kokoro:
        def __init__(self, model: str, voices: str) -> None:
            assert Path(voices).name == "voices-v1.0.bin"

        def get_voices(self) -> list[str]:
            return ["af_heart", "bm_fable"]

        def create_timed(self, text: str, voice: str, is_phonemes: bool, trim: bool) -> object:
            assert text == "həlˈO ɹˈAn"
            timing = [
                types.SimpleNamespace(phoneme=c, start=0.1 + 0.1 * i, end=0.2 + 0.1 * i) for i, c in enumerate(text)
            ]
            return tone(150, 1.3, 24_000), 24_000, timing

    module = types.ModuleType("kokoro_onnx")
    module.Kokoro = Kokoro  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "kokoro_onnx", module)
    (tmp_path / "kokoro.onnx").write_bytes(b"x")
    with pytest.raises(VoiceError, match="voices"):
        neural.KokoroSource(str(tmp_path / "kokoro.onnx"))
    (tmp_path / "voices-v1.0.bin").write_bytes(b"x")
    with pytest.raises(VoiceError, match="af_heart, bm_fable"):
        neural.KokoroSource(f"{tmp_path / 'kokoro.onnx'}#nobody")
    said = neural.KokoroSource(f"{tmp_path / 'kokoro.onnx'}#bm_fable").speak(HELLO)
    by_name = {p.symbol: p for p in said.phones}
    assert by_name["OW"].start == pytest.approx(0.4, abs=0.11)
    assert by_name["N"].end == pytest.approx(1.1, abs=0.11)


def test_packages_that_are_not_there_are_named() -> None:
    with pytest.raises(VoiceError, match="pip install no-such-package"):
        neural.needed("no_such_package_here", "no-such-package")


def test_kana() -> None:
    assert kana.phones("きゃ") == ("K", "Y", "AA1")
    assert kana.phones("サクラ") == ("S", "AA1", "K", "UW1", "R", "AA1")
    assert kana.phones("ん") == ("N",)
    assert kana.mora(("K", "Y"), "a") == ("kya", 2)
    assert kana.mora(("S", "T"), "o") == ("to", 1)


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    """A voicebank of a few morae: noise for the consonant, a buzz for the vowel; Shift-JIS as most are."""
    rate = 44_100
    noise = np.random.default_rng(5).standard_normal(rate)
    lines = []
    for name, kana_name, pitch in (("a", "あ", 220), ("sa", "さ", 220), ("ra", "ら", 220), ("i", "い", 220)):
        vowel = tone(pitch, 0.5)
        head = noise[:4410] * (0.1 if name == "sa" else 0.01)
        soundfile.write(tmp_path / f"{name}.wav", np.concatenate([head, vowel]), rate)
        lines.append(f"{name}.wav={kana_name},0,150,-550,100,20")
    lines.append("a.wav=a さ,10,150,-550,100,20")
    (tmp_path / "oto.ini").write_bytes("\r\n".join(lines).encode("cp932"))
    (tmp_path / "character.txt").write_bytes("name=さくら\r\n".encode("cp932"))
    (tmp_path / "prefix.map").write_text("C4\t\t\nE4\t\tstrong\n")
    return tmp_path


def test_a_voicebank_sings_kana_and_english(bank: Path) -> None:
    read = utau.read(bank)
    assert read.name == "さくら"
    assert read.affixes[64] == ("", "strong")
    assert read.entries["さ"].preutterance == 100
    assert read.entries["a さ"].offset == 10
    voice = open_voice(VoiceSettings(bank=f"utau:{bank}"))
    assert voice.name == "utau:さくら"
    phrase = Sung(tuple(SungNote(i * 24_000, 24_000, 60 + i, lyric) for i, lyric in enumerate(("さ", "ら", "ride"))))
    layout = voice.layout(phrase)
    assert [p.symbol for p in layout.phones if p.note in (0, 1)] == ["S", "AA", "R", "AA"]
    take = voice.render(layout)
    zero = -layout.start
    f0 = take.f0[zero // 240 + 30 : zero // 240 + 80]
    assert 12 * np.log2(np.median(f0[f0 > 0]) / 440) + 69 == pytest.approx(60, abs=0.1)
    hiss = take.pcm[zero - 3000 : zero - 600]
    vowel = take.pcm[zero + 9000 : zero + 15_000]
    spectrum = [np.abs(np.fft.rfft(x * np.hanning(len(x)))) ** 2 for x in (hiss, vowel)]
    high = [float(s[len(s) // 8 :].sum() / s.sum()) for s in spectrum]
    assert high[0] > 3 * high[1]


BROKEN = {
    "": "no recordings",
    "a.wav あ": "line 1: no '='",
    "a.wav=あ,1,2,x,4,5": "line 1:.*five numbers",
    "# fine\na.wav=あ,1,2,nan,4,5": "line 2: milliseconds",
    "gone.wav=あ,1,2,3,4,5": r"gone\.wav is missing",
    "../../etc/passwd=あ,1,2,3,4,5": "missing",
    "a\0b": "zero bytes",
}


@pytest.mark.parametrize("text", BROKEN)
def test_broken_voicebanks_are_named(tmp_path: Path, text: str) -> None:
    soundfile.write(tmp_path / "a.wav", tone(220, 0.4), 44_100)
    (tmp_path / "oto.ini").write_text(text, "utf-8")
    with pytest.raises(VoiceError, match=BROKEN[text]):
        UtauBank(tmp_path)


def fuzz(folder: Path, count: int, seed: int) -> int:
    """Spoils a bank's text and sound ``count`` times; whatever happens is one clear line. Returns how many still sang."""
    random_ = random.Random(seed)
    whole = {name: (folder / name).read_bytes() for name in ("oto.ini", "prefix.map", "character.txt", "sa.wav")}
    sang = 0
    for _ in range(count):
        for name, data in whole.items():
            (folder / name).write_bytes(_spoiled(data, random_) if random_.random() < 0.6 else data)
        try:
            source = UtauBank(folder).spell((("sara", ("S", "AA1", "R", "AA1")),))
            assert np.isfinite(source.params).all()
            sang += 1
        except VoiceError as error:
            assert "\n" not in str(error)
            assert len(str(error)) < 400
    return sang


def _spoiled(data: bytes, random_: random.Random) -> bytes:
    cut = bytearray(data)
    for _ in range(random_.randint(1, 6)):
        at = random_.randrange(len(cut) or 1)
        how = random_.randrange(4)
        if how == 0:
            cut[at : at + 1] = bytes([random_.randrange(256)])
        elif how == 1:
            del cut[at : at + random_.randint(1, 60)]
        elif how == 2:
            cut[at:at] = random_.choice([b"=", b",", b"-1e9", b"\n", b"99999", b"\xff\xfe", b"inf"])
        else:
            del cut[at:]
    return bytes(cut)


def test_fuzzed_voicebanks(bank: Path) -> None:
    assert 0 < fuzz(bank, 12, 3) < 12


@pytest.mark.skipif(ctypes.util.find_library("flite_cmu_us_rms") is None, reason="libflite is not installed")
def test_kana_is_sung_by_every_voice() -> None:
    layout = open_voice(VoiceSettings(bank="rms")).layout(Sung((SungNote(0, 24_000, 60, "さ"),)))
    assert [p.symbol for p in layout.phones if p.symbol != "breath"] == ["S", "AA"]
