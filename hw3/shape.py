"""What a model takes and gives: the shape of one example, and the number of classes."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """The shape of a data set, as far as a model's layers depend on it.

    Attributes:
        inputs: of one example: (channels, height, width) of an image; (features,), (steps,) or
            (steps, features) of something else.
        classes: number of classes, from 2.
        whole: whether inputs are whole numbers, int64, such as the ids of tokens; else they are
            float32.

    Raises:
        ValueError: one of them is not as said.
    """

    inputs: tuple[int, ...]
    classes: int = 2
    whole: bool = False

    def __post_init__(self) -> None:
        if not self.inputs or min(self.inputs) < 1:
            raise ValueError(f"inputs must be whole numbers from 1; got {self.inputs}")
        if self.classes < 2:
            raise ValueError(f"there must be at least 2 classes; got {self.classes}")

    @property
    def outputs(self) -> int:
        """Logits for each example: one for two classes, else one for each class."""
        return 1 if self.classes == 2 else self.classes

    @property
    def is_image(self) -> bool:
        """Whether an example is an image: it has channels, height and width."""
        return len(self.inputs) == 3

    @property
    def channels(self) -> int:
        """1 for grey images, 3 for colours; of what is no image, its first length."""
        return self.inputs[0]

    @property
    def image_size(self) -> int:
        """Side of the square images in pixels (their height, where they are not square); 0 where
        examples are no images."""
        return self.inputs[1] if self.is_image else 0

    @property
    def features(self) -> int:
        """Numbers in one example."""
        return math.prod(self.inputs)

    def describe(self) -> str:
        """What the examples are, in words: "images of 32x32 pixels", "examples of 30 numbers"."""
        size = "x".join(map(str, self.inputs[1:] if self.is_image else self.inputs))
        return f"images of {size} pixels" if self.is_image else f"examples of {size} numbers"


def grey_images(size: int) -> Shape:
    """Square grey images of two classes, `size` pixels wide, as the homework's are."""
    return Shape((1, size, size))
