"""The network: a light convolutional net with max-feature-map, as is proven in this field.

A max-feature-map takes the greater of two halves of the channels: a competition that keeps what is
telling and drops the rest. The end looks at mean and spread over time, so that the net may be
trained on short crops and serve on whole windows. Backend-free Keras 3.
"""

from __future__ import annotations

import keras
from keras import layers, ops

from ml.detectors.voice_spoof.windows import BANDS, FRAMES


# === Layers ===
@keras.saving.register_keras_serializable("touchstone")
class MaxFeatureMap(layers.Layer):
    """The greater of the two halves of the channels."""

    def call(self, maps):
        first, second = ops.split(maps, 2, axis=-1)
        return ops.maximum(first, second)

    def compute_output_shape(self, shape):
        return (*shape[:-1], shape[-1] // 2)


@keras.saving.register_keras_serializable("touchstone")
class MeanAndSpread(layers.Layer):
    """Mean and standard deviation over time, side by side."""

    def call(self, maps):
        mean = ops.mean(maps, axis=1, keepdims=True)
        spread = ops.sqrt(ops.mean(ops.square(maps - mean), axis=1, keepdims=True) + 1e-5)
        return ops.concatenate([mean, spread], axis=-1)[:, 0]

    def compute_output_shape(self, shape):
        return (shape[0], shape[2] * 2)


# === Functional model ===
def voice_network(*, width: int = 16, dropout: float = 0.4, frames: int | None = None):
    """`windows.picture` in, one logit out; higher means more likely synthetic."""
    inputs = keras.Input((frames, BANDS), name="picture")
    x = layers.Reshape((-1, BANDS, 1))(inputs)

    def block(x, channels, size, strides=1, pool=None):
        x = layers.Conv2D(2 * channels, size, strides=strides, padding="same")(x)
        x = MaxFeatureMap()(x)
        x = layers.BatchNormalization(momentum=0.95)(x)
        return layers.MaxPooling2D(pool)(x) if pool else x

    x = block(x, width, 5, strides=2)
    x = block(x, width, 3, pool=2)
    x = block(x, width * 3 // 2, 3, pool=(2, 1))
    x = block(x, width * 2, 3, pool=2)
    x = block(x, width * 2, 3)
    x = layers.Permute((1, 3, 2))(x)
    x = layers.Reshape((-1, width * 2 * (BANDS // 8)))(x)
    x = layers.SpatialDropout1D(dropout / 2)(x)
    x = layers.Dense(2 * width * 3)(x)
    x = MaxFeatureMap()(x)
    x = MeanAndSpread()(x)
    x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(1, name="logit")(x)
    return keras.Model(inputs, outputs, name="voice_network")


# === Config ===
CONFIG = {"width": 16, "dropout": 0.4}


def build(frames: int | None = FRAMES):
    return voice_network(**CONFIG, frames=frames)
