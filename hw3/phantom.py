"""Seeded synthetic chest radiographs: the embedded default data. They say nothing about patients.

An image is a sum of attenuations on a grid over the film (u to the right, v downwards, both from
about -1 to 1), put through an exposure curve. It is drawn at the wanted size, nothing is resized:
the same seed gives the same anatomy at every size, and only the grain is drawn per pixel.
Pneumonia adds soft, mottled opacities to the lungs; everything else is in both classes alike.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from hw3.seeds import derive_seed
from hw3.splits import CLASSES, PARTS, DataError, Split, Splits, check_size, make_splits

# Difficulty: bounds of a uniform draw unless said otherwise; attenuations in a unit in which a lung
# takes about 0.4 from its surroundings, lengths in half image sides. Tuned at 32x32 with 800
# training images and 12 epochs of the homework's recipe (300 steps), where ConvModel has a
# validation accuracy of 0.94 and ConvGAP of 0.74 (mean of four seeds; other figures below: of
# two). In 300 steps no model learns a contrast that is faint everywhere, so most of pneumonia is
# plain to see.

OPACITIES = (2, 4)  # per image; with one or two ConvGAP stays at 0.61, ConvModel at 0.82
OPACITY_RADIUS = (0.22, 0.40)  # from a third of a lung's width to all of it
OPACITY_STRENGTH = (0.40, 0.65)
OPACITY_LIMIT = 0.38  # where opacities overlap; a consolidated lung is as dense as the heart
# Mottle inside an opacity, as a share of its density: a local difference. At 0.3 ConvModel stays at
# 0.90 and ConvGAP is as good, so that they differ less.
OPACITY_MOTTLE = 1.1
MOTTLE_CELLS = (12, 24, 48)  # grains across the image, an octave each; a pixel or more at 32x32
# Fainter mottle outside the lungs, in both classes: bowel gas below, clothing and shoulder blades
# above. A global average cannot tell where mottle is. At five times this every model loses 0.02 to
# 0.04, and the images look less like radiographs.
OUTSIDE_MOTTLE = (0.0, 0.10)
# Share of either class drawn with the same faint opacities, a fair coin for any model: no accuracy
# above 0.975 is to be expected.
BORDERLINE_SHARE = 0.05
BORDERLINE_STRENGTH = (0.1, 0.5)  # as a factor on OPACITY_STRENGTH
# Pose, to either side: the ANN must learn each position separately, a convolution need not. At
# twice this the ANN falls from 0.79 to 0.72.
SHIFT, TURN, ZOOM = 0.06, 0.07, 0.07  # half sides, radians, relative
# Clear lungs differ too, so that the brightness of a lung alone is not the answer.
HAZE = (0.0, 0.08)  # uneven aeration, standard deviation
BREAST = (0.0, 0.10)  # soft shadow over the lower lungs
VESSELS = (0.03, 0.12)
NOISE = (0.01, 0.03)  # grain per pixel, standard deviation as a share of full scale

# The lead letter, in an empty border so that an index clipped to the edge reads 0.
LETTER_R = np.pad(
    np.array([[1, 1, 1, 0], [1, 0, 0, 1], [1, 1, 1, 0], [1, 0, 1, 0], [1, 0, 0, 1]]), 1
)
LETTER_STROKE = 0.02


def make_phantoms(image_size: int, per_class: tuple[int, int, int], seed: int) -> Splits:
    """Phantoms for training, validation and test, drawn from `seed` alone, one patient per image.

    Image i of a class of a part depends on (seed, part, class, i) and on nothing else: asking for
    more images appends to the same ones.

    Args:
        image_size: side in pixels, from 1; meant for 16 to 256.
        per_class: images in each class of the train, val and test parts.

    Raises:
        DataError: a part without images, or an image size that is not a positive whole number.
    """
    check_size(image_size)
    if len(per_class) != len(PARTS) or min(per_class) < 1:
        raise DataError(
            f"phantom: per_class must be {len(PARTS)} counts ({', '.join(PARTS)}) of at least 1, "
            f"got {per_class}"
        )
    train, val, test = (
        _draw_part(part, count, image_size, seed)
        for part, count in zip(PARTS, per_class, strict=True)
    )
    return make_splits("phantom", f"phantom, seed {seed}", train, val, test)


def _draw_part(part: str, count: int, size: int, seed: int) -> Split:
    images = np.empty((len(CLASSES) * count, size, size), np.uint8)
    patients = []
    for label, name in enumerate(CLASSES):
        for index in range(count):
            rng = np.random.default_rng(derive_seed(seed, "phantom", part, name, index))
            images[len(patients)] = draw_phantom(rng, label == 1, size)
            patients.append(f"{part}-{name}-{index:05d}")
    labels = np.repeat(np.arange(len(CLASSES), dtype=np.uint8), count)
    return Split(images, labels, np.array(patients))


def draw_phantom(rng: np.random.Generator, sick: bool, size: int) -> np.ndarray:
    """One radiograph, uint8 (size, size)."""
    chest = _shape_chest(rng, *_pose_grid(rng, size))
    attenuation = _draw_soft_tissue(rng, chest)
    attenuation += _draw_bones(rng, chest)
    attenuation += _draw_vessels(rng, chest)
    attenuation += _draw_aeration(rng, chest)
    attenuation += _draw_opacities(rng, chest, sick)
    attenuation += _draw_outside(rng, chest)
    attenuation *= chest.body
    attenuation += _draw_marker(rng, chest)
    return _expose(rng, attenuation)


@dataclass(frozen=True)
class Chest:
    """The anatomy of one image as maps; every array float32 (S, S).

    Attributes:
        u, v: position in the patient's frame; the patient's left is at positive u.
        aside: distance from the midline.
        body, lungs: 1 inside, 0 outside, soft edges.
        rib_edge: half-width of the rib cage at this height.
        below: distance below the diaphragm, negative above it.
    """

    u: np.ndarray
    v: np.ndarray
    aside: np.ndarray
    body: np.ndarray
    lungs: np.ndarray
    rib_edge: np.ndarray
    below: np.ndarray


def _pose_grid(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    axis = ((np.arange(size) + 0.5) * (2 / size) - 1).astype(np.float32)
    turn, zoom = rng.uniform(-TURN, TURN), rng.uniform(1 - ZOOM, 1 + ZOOM)
    stretch = rng.uniform(0.95, 1.05)
    x = (axis - rng.uniform(-SHIFT, SHIFT))[None, :] / zoom
    y = (axis - rng.uniform(-SHIFT, SHIFT))[:, None] / zoom
    cos, sin = float(np.cos(turn)), float(np.sin(turn))
    return (x * cos + y * sin) * stretch, y * cos - x * sin


def _shape_chest(rng: np.random.Generator, u: np.ndarray, v: np.ndarray) -> Chest:
    aside = np.abs(u)
    width, widest = rng.uniform(0.66, 0.78), rng.uniform(0.15, 0.35)
    upwards = np.clip((widest - v) / rng.uniform(0.95, 1.12), 0, 1)
    rib_edge = width * np.sqrt(1 - upwards**2.3)
    dome = np.where(u < 0, rng.uniform(0.10, 0.20), rng.uniform(0.06, 0.16)).astype(np.float32)
    below = v - rng.uniform(0.56, 0.70) - dome * ((aside - 0.3) ** 2 / 0.09 - 1)
    mediastinum = rng.uniform(0.10, 0.15) + 0.10 * np.clip(v + 0.2, 0, 1)
    lungs = (
        _step(rib_edge - 0.03 - aside, 0.025)
        * _step(aside - mediastinum, 0.03)
        * _step(-below, 0.03)
    )
    arms = 0.6 * _step(-rng.uniform(0.3, 0.5) - v, 0.08)
    neck = 1.5 * _step(rng.uniform(0.2, 0.28) - aside, 0.06)
    shoulder = rng.uniform(0.25, 0.45) * aside - 0.95 - neck
    flank = width + rng.uniform(0.06, 0.16) + arms - aside
    body = _step(flank, 0.02) * _step(v - shoulder, 0.03)
    return Chest(u, v, aside, body, lungs, rib_edge, below)


def _draw_soft_tissue(rng: np.random.Generator, chest: Chest) -> np.ndarray:
    """Body wall, mediastinum, heart and abdomen, less the air of the lungs."""
    u, v, aside = chest.u, chest.v, chest.aside
    thickness = np.sqrt(np.clip(1.05 - (aside / 0.95) ** 2, 0.05, 1))
    du, dv = u - rng.uniform(0.06, 0.14), v - rng.uniform(0.18, 0.32)
    lean = rng.uniform(0.3, 0.6)
    across = (du - lean * dv) / (rng.uniform(0.24, 0.34) * (1 + 0.5 * np.clip(dv, -0.6, 0.6)))
    heart = _step(1 - np.hypot(across, dv / rng.uniform(0.30, 0.42)), 0.08)
    knob = _step(0.1 - np.hypot(u - 0.1, v + rng.uniform(0.22, 0.32)), 0.03)
    middle = np.exp(-((aside / rng.uniform(0.15, 0.2)) ** 4))
    solid = np.maximum(heart, 0.7 * knob)
    abdomen = _step(chest.below, 0.03)
    air = rng.uniform(0.32, 0.42) * chest.lungs * (1 - 0.8 * solid)
    return 0.16 + 0.38 * thickness + 0.10 * middle + 0.10 * solid + 0.14 * abdomen - air


def _draw_bones(rng: np.random.Generator, chest: Chest) -> np.ndarray:
    """Rear and front ribs, their rim along the chest wall, spine and collar bones."""
    v, aside = chest.v, chest.aside
    spacing = rng.uniform(0.15, 0.19)
    rear = (v + 0.8 * aside**2 - 0.54 * aside) / spacing + rng.uniform(0, 1)
    front = (v - rng.uniform(0.5, 0.8) * (aside - 0.9) ** 2) / (1.15 * spacing) + rng.uniform(0, 1)
    caged = _step(chest.rib_edge + 0.02 - aside, 0.02) * _step(aside - 0.08, 0.03)
    ribs = caged * (_band(rear) ** 3 + 0.35 * _band(front) ** 3)
    rim = 0.8 * _bump((aside - chest.rib_edge) / 0.04) * (0.35 + _band(rear))
    ribs = (ribs + rim) * _step(0.8 - v, 0.1)
    spine = np.exp(-((aside / rng.uniform(0.075, 0.1)) ** 4)) * (0.8 + 0.4 * _band(v / 0.13))
    out = aside - 0.1
    collar = _bump(
        (v - rng.uniform(-0.74, -0.62) + rng.uniform(0.1, 0.3) * out - 0.4 * out**2) / 0.045
    )
    collar *= _step(out, 0.02) * _step(0.6 - out, 0.05)
    return (
        rng.uniform(0.08, 0.16) * ribs
        + rng.uniform(0.08, 0.16) * spine
        + rng.uniform(0.10, 0.20) * collar
    )


def _draw_vessels(rng: np.random.Generator, chest: Chest) -> np.ndarray:
    """Hila, and vessels that leave them and taper."""
    strength = rng.uniform(*VESSELS)
    root_v = chest.v - rng.uniform(-0.1, 0.08)
    root_u = chest.aside - 0.18
    shadow = _bump(np.hypot(root_u, root_v / rng.uniform(1.2, 2.0)) / 0.12)
    for angle in np.linspace(-1.2, 1.3, 6) + rng.uniform(-0.2, 0.2, 6):
        cos, sin = float(np.cos(angle)), float(np.sin(angle))
        along, across = root_u * cos + root_v * sin, root_v * cos - root_u * sin
        across = across + 0.12 * along * np.sin(9 * along + rng.uniform(0, 6))
        taper = np.clip(1 - along / rng.uniform(0.25, 0.6), 0, 1) * (along > 0)
        shadow += rng.uniform(0.3, 0.9) * taper * _bump(across / 0.035)
    return strength * shadow * (0.3 + 0.7 * chest.lungs)


def _draw_aeration(rng: np.random.Generator, chest: Chest) -> np.ndarray:
    """Differences between clear lungs: uneven air and breast shadows."""
    haze = rng.uniform(*HAZE) * _mottle(rng, len(chest.v), (6,))
    du, dv = chest.aside - rng.uniform(0.32, 0.45), chest.v - rng.uniform(0.2, 0.4)
    breast = rng.uniform(*BREAST) * _step(rng.uniform(0.2, 0.3) - np.hypot(du, dv), 0.04)
    return haze * chest.lungs + breast


def _draw_opacities(rng: np.random.Generator, chest: Chest, sick: bool) -> np.ndarray:
    """Pneumonia, in a sick or a borderline image."""
    scale = float(sick)
    if rng.random() < BORDERLINE_SHARE:
        scale = rng.uniform(*BORDERLINE_STRENGTH)
    density = np.zeros_like(chest.v)
    for _ in range(rng.integers(*OPACITIES, endpoint=True)):
        side = 1 if rng.random() < 0.5 else -1
        du = (chest.u - side * rng.uniform(0.22, 0.55)) / rng.uniform(*OPACITY_RADIUS)
        dv = (chest.v - rng.uniform(-0.45, 0.5)) / rng.uniform(*OPACITY_RADIUS)
        density += rng.uniform(*OPACITY_STRENGTH) * np.exp(-((du**2 + dv**2) ** 1.3))
    density = scale * np.minimum(density, OPACITY_LIMIT) * chest.lungs
    mottle = np.tanh(_mottle(rng, len(chest.v), MOTTLE_CELLS))
    return density * (1 + OPACITY_MOTTLE * mottle)


def _draw_outside(rng: np.random.Generator, chest: Chest) -> np.ndarray:
    """Outside the lungs, alike in both classes: mottle above and below, and benign lumps."""
    gas = rng.uniform(*OUTSIDE_MOTTLE) * _step(chest.below - 0.06, 0.05)
    cloth = rng.uniform(*OUTSIDE_MOTTLE) * _step(-0.4 - chest.v, 0.1)
    shadow = (gas + cloth) * _mottle(rng, len(chest.v), MOTTLE_CELLS)
    for _ in range(rng.integers(0, 3)):
        du, dv = chest.u - rng.uniform(-0.9, 0.9), chest.v - rng.uniform(-0.9, 0.9)
        shadow += rng.uniform(-0.2, 0.3) * _bump(np.hypot(du, dv) / rng.uniform(0.1, 0.3))
    return shadow * (1 - chest.lungs)


def _draw_marker(rng: np.random.Generator, chest: Chest) -> np.ndarray:
    """The lead letter R beside the patient's right shoulder, in most images."""
    present, u, v = rng.random() < 0.6, rng.uniform(-0.95, -0.85), rng.uniform(-0.9, 0.1)
    column = np.floor((chest.u - u) / LETTER_STROKE).astype(np.int64) + 1
    row = np.floor((chest.v - v) / LETTER_STROKE).astype(np.int64) + 1
    rows, columns = LETTER_R.shape
    inked = LETTER_R[np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)]
    return np.float32(0.9 * present) * inked.astype(np.float32)


def _expose(rng: np.random.Generator, attenuation: np.ndarray) -> np.ndarray:
    """Attenuation -> grey levels: saturating film, gamma, brightness, grain."""
    contrast, gamma = rng.uniform(1.4, 2.0), rng.uniform(0.9, 1.4)
    grey = (1 - np.exp(-contrast * np.clip(attenuation, 0, None))) ** gamma
    grey += rng.uniform(-0.05, 0.08)
    grey += rng.uniform(*NOISE) * rng.standard_normal(grey.shape, np.float32)
    return np.round(255 * np.clip(grey, 0, 1)).astype(np.uint8)


def _step(distance: np.ndarray, softness: float) -> np.ndarray:
    """0 where distance is far below zero, 1 where far above."""
    return 0.5 + 0.5 * np.tanh(distance / softness)


def _bump(distance: np.ndarray) -> np.ndarray:
    """1 at zero, a quarter at a distance of 1."""
    return 1 / (1 + distance**2) ** 2


def _band(phase: np.ndarray) -> np.ndarray:
    """From 0 to 1 and back once for each unit of phase."""
    return 0.5 + 0.5 * np.cos(2 * np.pi * phase)


def _mottle(rng: np.random.Generator, size: int, cells: tuple[int, ...]) -> np.ndarray:
    """Smooth noise (size, size), mean 0 and standard deviation 1, an octave for each of `cells`."""
    total = np.zeros((size, size), np.float32)
    for count in cells:
        weights = _grain_weights(size, count)
        total += weights @ rng.standard_normal((count, count), np.float32) @ weights.T
    return total / len(cells) ** 0.5


@cache
def _grain_weights(size: int, cells: int) -> np.ndarray:
    """Contribution of each grain to each pixel of a row, float32 (size, cells)."""
    pixels = (np.arange(size) + 0.5) * (cells / size)
    weights = np.exp(-2 * (pixels[:, None] - np.arange(cells) - 0.5) ** 2)
    return (weights / np.sqrt((weights**2).sum(1, keepdims=True))).astype(np.float32)
